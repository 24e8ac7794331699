"""Tiny models of every architecture, and the numbers they are filled with. Shared by the scripts beside this one."""

import zlib

import numpy

SIZES = dict(
    hidden_size=32,
    intermediate_size=48,
    num_hidden_layers=4,
    num_attention_heads=4,
    vocab_size=64,
    max_position_embeddings=64,
    bos_token_id=60,
    eos_token_id=61,
    pad_token_id=62,
)
GQA = dict(num_key_value_heads=2)
BERT = dict(
    hidden_size=32,
    intermediate_size=48,
    num_hidden_layers=4,
    num_attention_heads=4,
    vocab_size=64,
    max_position_embeddings=32,
    hidden_dropout_prob=0.0,
    attention_probs_dropout_prob=0.0,
)
LONG = [1.0 + 0.5 * i for i in range(4)]
SHORT = [1.0 + 0.125 * i for i in range(4)]

# name: (class of transformers without Config and Model, arguments in the spelling of release 4)
CASES = {
    "llama2": ("Llama", {**SIZES, "rope_theta": 10000.0, "tie_word_embeddings": False}),
    "llama3": (
        "Llama",
        {
            **SIZES,
            **GQA,
            "rope_theta": 500000.0,
            "rms_norm_eps": 1e-5,
            "tie_word_embeddings": True,
            "rope_scaling": {
                "rope_type": "llama3",
                "factor": 8.0,
                "low_freq_factor": 1.0,
                "high_freq_factor": 4.0,
                "original_max_position_embeddings": 16,
            },
        },
    ),
    "llama-linear": ("Llama", {**SIZES, **GQA, "rope_scaling": {"rope_type": "linear", "factor": 2.0}}),
    "llama-dynamic": (
        "Llama",
        {**SIZES, **GQA, "max_position_embeddings": 8, "rope_scaling": {"rope_type": "dynamic", "factor": 4.0}},
    ),
    "llama-biased": ("Llama", {**SIZES, **GQA, "attention_bias": True, "mlp_bias": True, "head_dim": 16}),
    "llama-bidirectional": ("Llama", {**SIZES, **GQA, "is_causal": False}),
    "mistral-bidirectional": ("Mistral", {**SIZES, **GQA, "sliding_window": 4, "head_dim": 8, "is_causal": False}),
    "mistral": ("Mistral", {**SIZES, **GQA, "sliding_window": 4, "head_dim": 8}),
    "qwen2": (
        "Qwen2",
        {**SIZES, **GQA, "use_sliding_window": True, "sliding_window": 4, "max_window_layers": 2, "rope_theta": 1e6},
    ),
    "qwen3": ("Qwen3", {**SIZES, **GQA, "head_dim": 16, "tie_word_embeddings": True, "rope_theta": 1e6}),
    "phi3": ("Phi3", {**SIZES, **GQA, "sliding_window": 5, "original_max_position_embeddings": 64}),
    "phi3-longrope": (
        "Phi3",
        {
            **SIZES,
            **GQA,
            "hidden_size": 64,
            "original_max_position_embeddings": 8,
            "partial_rotary_factor": 0.5,
            "rope_scaling": {"type": "longrope", "short_factor": SHORT, "long_factor": LONG},
        },
    ),
    "gemma": ("Gemma", {**SIZES, "num_key_value_heads": 1, "head_dim": 16}),
    "gemma2": (
        "Gemma2",
        {
            **SIZES,
            **GQA,
            "head_dim": 16,
            "query_pre_attn_scalar": 24,
            "sliding_window": 4,
            "attn_logit_softcapping": 2.0,
        },
    ),
    "gemma3": (
        "Gemma3Text",
        {
            **SIZES,
            **GQA,
            "head_dim": 16,
            "query_pre_attn_scalar": 16,
            "sliding_window": 4,
            "sliding_window_pattern": 3,
            "rope_theta": 1e6,
            "rope_local_base_freq": 1e4,
            "rope_scaling": {"rope_type": "linear", "factor": 8.0},
        },
    ),
    "gemma3-bidirectional": (
        "Gemma3Text",
        {
            **SIZES,
            **GQA,
            "head_dim": 16,
            "query_pre_attn_scalar": 16,
            "sliding_window": 6,
            "sliding_window_pattern": 2,
            "rope_theta": 1e6,
            "rope_local_base_freq": 1e4,
            "use_bidirectional_attention": True,
        },
    ),
    "olmo2": ("Olmo2", {**SIZES, **GQA, "rope_theta": 5e5}),
    "granite": (
        "Granite",
        {
            **SIZES,
            **GQA,
            "embedding_multiplier": 3.0,
            "attention_multiplier": 0.25,
            "residual_multiplier": 0.5,
            "logits_scaling": 4.0,
        },
    ),
    "smollm3": ("SmolLM3", {**SIZES, **GQA, "rope_theta": 1e6, "no_rope_layer_interval": 3}),
    "bert": ("Bert", {**BERT, "pad_token_id": 0}),
    "roberta": ("Roberta", {**BERT, "type_vocab_size": 1, "pad_token_id": 30, "max_position_embeddings": 64, "layer_norm_eps": 1e-5}),
    "xlm-roberta": (
        "XLMRoberta",
        {**BERT, "type_vocab_size": 1, "pad_token_id": 30, "max_position_embeddings": 64, "layer_norm_eps": 1e-5, "hidden_act": "gelu_new"},
    ),
}


def numbers(name: str, count: int) -> numpy.ndarray:
    """Numbers in [-1/2, 1/2), each exact in fp32: the upper 24 bits of a linear congruential generator seeded by the
    name's CRC-32."""
    state = zlib.crc32(name.encode())
    out = numpy.empty(count, numpy.float64)
    for i in range(count):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        out[i] = (state >> 8) / 2**24 - 0.5
    return out


def weight(name: str, shape: tuple[int, ...], offset_norms: bool) -> numpy.ndarray:
    """The weight of a tensor by its name: matrices in ±1/4, embeddings in ±1, biases in ±1/8, norms about 1 (or about 0
    where the model adds 1)."""
    values = numbers(name, int(numpy.prod(shape))).reshape(shape)
    if len(shape) == 2:
        return values * (2.0 if "embed" in name else 0.5)
    if name.endswith(".bias"):
        return values * 0.25
    return values * 0.5 + (0.0 if offset_norms else 1.0)
