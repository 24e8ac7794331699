"""Writes packages/model/src/testing/goldens/config-fields.json: what one changed field of config.json does to the vectors
of transformers, for every architecture that Espalier reads.

Not needed by any test run. To write the file again:
  python3 -m venv /tmp/oracle && /tmp/oracle/bin/pip install torch==2.15.0 transformers==5.24.0 numpy
  /tmp/oracle/bin/python tools/oracle/architectures/config_fields.py [--add]

With --add, only changes that the file does not have yet are computed.

Each config is written twice: as its author would (only what is not the default, in the spelling of release 4), and as
release 5 writes it. One field at a time gets another value, or is taken out: every field that the class of transformers
has or that its code looks up, every field that Espalier has in its tables, and fields of other architectures.
"""

import copy
import functools
import json
import multiprocessing
import sys
import warnings
from pathlib import Path

import numpy
import torch
import transformers
from cases import CASES, weight

warnings.simplefilter("ignore")
transformers.logging.set_verbosity_error()
torch.set_num_threads(1)
TEXT = "the_cat_sat_on_the_mat"
NAMES = [
    "llama3", "mistral", "qwen2", "qwen3", "phi3", "phi3-longrope", "gemma", "gemma2", "gemma3", "olmo2", "granite",
    "smollm3", "bert", "roberta", "xlm-roberta",
]
# Numbers of a vector that are written down.
KEPT = 8
SIXTEEN = {"rope_type": "llama3", "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 8}
LONG = {"rope_type": "longrope", "short_factor": [1.0, 1.5, 2.0, 2.5], "long_factor": [2.0, 3.0, 4.0, 5.0], "original_max_position_embeddings": 8}
FULL, SLIDING = "full_attention", "sliding_attention"
ACTIVATIONS = ["relu", "gelu", "gelu_new", "gelu_pytorch_tanh", "gelu_fast", "gelu_python", "quick_gelu", "silu", "swish", "tanh", "relu2", "nothing"]
ROPES = [
    None, {}, {"rope_type": "default"}, {"type": "default", "rope_theta": 500.0}, {"rope_theta": 500.0},
    {"type": "linear", "factor": 2.0}, {"rope_type": "linear", "factor": 2.0, "rope_theta": 500.0},
    {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 500.0}, SIXTEEN, {**SIXTEEN, "rope_theta": 500.0}, YARN, LONG,
    {**LONG, "factor": 3.0, "attention_factor": 1.5}, {"rope_type": "default", "rope_theta": 500.0, "partial_rotary_factor": 0.5},
    {"rope_type": "linear", "factor": 2.0, "rope_theta": 500.0, "partial_rotary_factor": 0.5},
    {"rope_type": "proportional", "rope_theta": 500.0, "partial_rotary_factor": 0.5}, {"rope_type": "nothing"},
    {"rope_type": "default", "rope_theta": 500.0, "factor": 4.0}, {"rope_type": "default", "mrope_section": [1, 1, 2]},
    {FULL: {"rope_type": "default", "rope_theta": 500.0}, SLIDING: {"rope_type": "default", "rope_theta": 50.0}},
    {FULL: {"rope_type": "linear", "factor": 2.0, "rope_theta": 500.0}, SLIDING: {"rope_type": "linear", "factor": 4.0, "rope_theta": 50.0}},
    {FULL: {"rope_type": "default"}, SLIDING: None},
]
VALUES = {
    "vocab_size": [80], "hidden_size": [48], "intermediate_size": [40], "num_hidden_layers": [2, 5],
    "num_attention_heads": [2, 8, 3], "num_key_value_heads": [1, 4, 3, None], "head_dim": [8, 12, 16, 7, None],
    "hidden_act": [*ACTIVATIONS, None], "hidden_activation": [*ACTIVATIONS, None], "max_position_embeddings": [8, 16, 1000, 64.0],
    "rms_norm_eps": [0.01, None], "layer_norm_eps": [0.01, None], "norm_eps": [0.01], "layer_norm_epsilon": [0.01],
    "rope_theta": [500.0, 500, None], "rope_scaling": ROPES, "rope_parameters": ROPES, "partial_rotary_factor": [0.5, 1.0, None],
    "rotary_pct": [0.5], "rotary_dim": [4], "rope_local_base_freq": [500.0, None], "rope_interleaved": [True, False], "default_theta": [500.0],
    "sliding_window": [1, 3, 12, None], "use_sliding_window": [True, False], "max_window_layers": [0, 1, 3, 10],
    "layer_types": [[FULL] * 4, [SLIDING] * 4, [SLIDING, FULL] * 2, ["chunked_attention"] * 4, ["linear_attention"] * 4, [FULL] * 3, None],
    "sliding_window_pattern": [2, 3], "_sliding_window_pattern": [2, 3], "attention_chunk_size": [4],
    "no_rope_layers": [[0, 1, 1, 0], [1, 1, 1, 1], None], "no_rope_layer_interval": [2, 4],
    "query_pre_attn_scalar": [5, 5.5], "attn_logit_softcapping": [1.5, None], "final_logit_softcapping": [1.5, None],
    "use_bidirectional_attention": [True, False, None, "all", "vision"], "is_causal": [True, False, None], "is_decoder": [True, False],
    "add_cross_attention": [True], "is_encoder_decoder": [True], "position_embedding_type": ["absolute", "relative_key", "relative_key_query", "rotary"],
    "type_vocab_size": [1, 3], "pad_token_id": [0, 1, 5, 40, None, -1], "bos_token_id": [1, None], "eos_token_id": [1, [1, 2], None],
    "embedding_multiplier": [2.0, 2, None], "attention_multiplier": [0.5, None], "residual_multiplier": [0.7], "logits_scaling": [2.0],
    "attention_bias": [True, False], "mlp_bias": [True, False], "qkv_bias": [True], "use_bias": [True], "bias": [True], "attention_dropout": [0.5, None],
    "attention_probs_dropout_prob": [0.5], "hidden_dropout_prob": [0.5], "hidden_dropout": [0.5], "resid_pdrop": [0.5], "embd_pdrop": [0.5],
    "classifier_dropout": [0.5], "initializer_range": [0.5], "use_cache": [False], "tie_word_embeddings": [True, False], "pretraining_tp": [2],
    "original_max_position_embeddings": [4, 1000, None], "chunk_size_feed_forward": [4], "dtype": ["float32", "bfloat16", "auto", None],
    "torch_dtype": ["float32", "bfloat16", "float16"], "output_hidden_states": [True], "output_attentions": [True], "return_dict": [False], "torchscript": [True],
    "clip_qkv": [0.1], "logit_scale": [0.5], "qk_layernorm": [True], "use_qk_norm": [True], "num_experts": [4], "num_local_experts": [4], "alibi": [True],
    "use_parallel_residual": [True], "parallel_attn": [True], "pruned_heads": [{"0": [0]}, {}], "per_layer_config": [{"0": {"intermediate_size": 40}}, None],
    "is_heterogeneous": [True], "layers_block_type": [["attention"] * 4], "attn_scale": [0.1], "scale_attention_softmax_in_fp32": [True],
    "problem_type": ["regression"], "num_labels": [3], "id2label": [{"0": "a"}], "label2id": [{"a": 0}], "architectures": [["SomethingElse"], None], "transformers_version": ["4.0.0", None],
    "_name_or_path": ["here"], "_attn_implementation": ["eager"], "attn_implementation": ["eager"], "tokenizer_class": ["Any"], "model_max_length": [8], "max_length": [8],
    "decoder_start_token_id": [1], "sep_token_id": [1], "mask_token_id": [1], "gradient_checkpointing": [True], "task_specific_params": [{"a": 1}],
    "is_llama_config": [True], "directionality": ["bidi"], "pooler_fc_size": [768], "cross_attention_hidden_size": [8], "tie_encoder_decoder": [True],
    "summary_type": ["cls_index"], "layer_scale": [0.1], "unsloth_version": ["1"], "cache_implementation": ["hybrid"], "auto_map": [{"AutoModel": "modeling.Model"}], "foo": [7],
    "num_local_heads": [2], "hidden_dim": [8], "n_layer": [2], "n_embd": [48], "multi_query": [True], "embedding_size": [16], "emb_scale": [2.0],
    "min_length": [2], "do_sample": [True], "num_beams": [2], "temperature": [0.5], "top_k": [2], "top_p": [0.5], "repetition_penalty": [2.0],
    "length_penalty": [2.0], "no_repeat_ngram_size": [2], "forced_bos_token_id": [1], "forced_eos_token_id": [1], "output_past": [False],
    "pooler_num_attention_heads": [2], "pooler_num_fc_layers": [2], "pooler_size_per_head": [2], "pooler_type": ["first_token_transform"],
    "cls_token_id": [1], "unk_token_id": [1], "name_or_path": ["here"], "unsloth_fixed": [True], "transformers.js_config": [{"dtype": "q8"}],
    "quantization_config": [{}, None], "quantization": [{}, None],
    "mtp_num_layers": [1], "text_config": [{"hidden_size": 48}], "token_type_ids": [True], "finetuning_task": ["x"], "use_mrope": [True],
}  # fmt: skip


weight = functools.cache(weight)


def fill(model, offset_norms: bool) -> None:
    with torch.no_grad():
        for tensor, parameter in model.named_parameters():
            parameter.copy_(torch.from_numpy(weight(tensor, tuple(parameter.shape), offset_norms)))


def build(settings: dict):
    kind = settings["model_type"]
    config = transformers.CONFIG_MAPPING[kind].from_dict(copy.deepcopy(settings))
    config._attn_implementation = "eager"
    extra = {"add_pooling_layer": False} if "ert" in kind else {}
    model = transformers.AutoModel._model_mapping[type(config)](config, **extra).eval()
    fill(model, kind.startswith("gemma"))
    return model


def vector(settings: dict) -> list[float]:
    model = build(settings)
    with torch.no_grad():
        ids = torch.tensor([["_abcdefghijklmnopqrstuvwxyz".index(letter) for letter in TEXT]])
        states = model(input_ids=ids, return_dict=True).last_hidden_state[0]
    # The mean alone would not see a change that only swaps positions.
    weights = torch.arange(1, len(states) + 1, dtype=torch.float32)
    found = ((states * weights[:, None]).sum(0) / weights.sum()).double().numpy()
    assert numpy.isfinite(found).all()
    return [float(f"{x:.6g}") for x in found]


def attempt(settings: dict):
    try:
        return vector(settings)
    except Exception:
        return "raises"


def spellings(name: str) -> dict[str, dict]:
    kind, arguments = CASES[name]
    config_class = getattr(transformers, f"{kind}Config")
    short = {"model_type": config_class.model_type, **arguments}
    full = json.loads(config_class.from_dict(copy.deepcopy(short)).to_json_string(use_diff=True))
    return {"4": short, "5": full}


def fields_of(settings: dict) -> list[str]:
    config = transformers.CONFIG_MAPPING[settings["model_type"]]()
    known = [key for key in config.to_dict() if not key.startswith("_")]
    return sorted({*settings, *VALUES, *known} - {"model_type"})


def changes(settings: dict):
    for field in fields_of(settings):
        # A default size takes minutes.
        if field in settings and field not in ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers"):
            yield field, "absent", None
        for value in VALUES.get(field, []):
            if field not in settings or settings[field] != value or type(settings[field]) is not type(value):
                yield field, "value", value


OUT = Path(__file__).parents[3] / "packages/model/src/testing/goldens/config-fields.json"


@functools.cache
def known() -> dict:
    return json.loads(OUT.read_text())["cases"] if "--add" in sys.argv else {}


def case(name: str) -> dict:
    results = {}
    for release, settings in spellings(name).items():
        base = vector(settings)
        found = list(known()[name][release]["changes"]) if known() else []
        done = {json.dumps(change[:-1]) for change in found}
        for field, how, value in changes(settings):
            # What release 5 has no word for is the same in both spellings.
            if release == "5" and field not in settings and not field.startswith("rope"):
                continue
            if json.dumps([field, value] if how == "value" else [field]) in done:
                continue
            changed = {key: item for key, item in settings.items() if key != field}
            if how == "value":
                changed[field] = value
            result = attempt(changed)
            if len(result) == len(base) and numpy.allclose(result, base, rtol=0, atol=1e-6 * max(map(abs, base))):
                result = "same"
            elif result != "raises":
                result = result[:KEPT]
            found.append([field, value, result] if how == "value" else [field, result])
        results[release] = {"config": settings, "vector": base[:KEPT], "changes": found}
        count = {kind: sum(1 for change in found if change[-1] == kind) for kind in ("same", "raises")}
        print(name, release, len(found), count, flush=True)
    return results


if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        cases = dict(zip(NAMES, pool.map(case, NAMES, chunksize=1)))
    document = {"transformers": transformers.__version__, "text": TEXT, "cases": cases}
    lines = json.dumps(document, separators=(",", ":"))
    OUT.write_text(lines.replace('],["', '],\n["') + "\n")
