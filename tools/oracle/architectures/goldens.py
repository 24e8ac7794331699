"""Writes packages/model/src/testing/goldens/architectures.json: what transformers, PEFT and the algorithm of l3prune
compute with a tiny model of every architecture, in fp32.

Not needed by any test run. To write the file again:
  python3 -m venv /tmp/oracle && /tmp/oracle/bin/pip install torch==2.15.0 transformers==5.23.0 peft==0.21.2 numpy
  /tmp/oracle/bin/python tools/oracle/architectures/goldens.py
"""

import json
from pathlib import Path

import numpy
import peft
import torch
import transformers
from cases import CASES, numbers, weight

torch.set_num_threads(1)
LETTERS = "_abcdefghijklmnopqrstuvwxyz"
SCALE = 20.0
RANK, ALPHA = 2, 4
STEPS, WARMUP, HORIZON, RATE = 20, 5, 40, 5e-3
# Lengths differ, so that windows, dynamic and long rotary embeddings are met on both sides of their limits.
TRIPLETS = [
    ("the_cat_sat", "a_cat_was_sitting", "dogs_bark"),
    ("rain_falls", "it_is_raining", "the_sun_is_out"),
    ("she_reads", "a_woman_with_a_book", "he_swims"),
    ("we_eat_bread", "bread_is_eaten", "they_drink_tea"),
]
PAIRED = [("instruct_the_cat_sat", 9), ("it_is_raining", 0)]  # text, first content position


def rounded(values) -> list[float]:
    return [float(f"{v:.7g}") for v in numpy.asarray(values, numpy.float64).ravel()]


def ids(text: str) -> torch.Tensor:
    return torch.tensor([[LETTERS.index(letter) for letter in text]])


def build(name: str):
    kind, arguments = CASES[name]
    config = getattr(transformers, f"{kind}Config")(**arguments)
    config._attn_implementation = "eager"
    extra = {"add_pooling_layer": False} if "ert" in kind else {}
    model = getattr(transformers, f"{kind}Model")(config, **extra).eval()
    fill(model, kind)
    return model


def fill(model, kind: str) -> None:
    with torch.no_grad():
        for tensor, parameter in model.named_parameters():
            parameter.copy_(torch.from_numpy(weight(tensor, tuple(parameter.shape), kind.startswith("Gemma"))))


def states(name: str, model, text: str) -> list[torch.Tensor]:
    """[time, hidden] after each layer, under the final norm; the text alone, so that no padding is there."""
    tokens = ids(text)
    base = getattr(model, "base_model", model)
    base = getattr(base, "model", base)
    hidden = model(input_ids=tokens, output_hidden_states=True).hidden_states[1:]
    norm = getattr(base, "norm", lambda x: x)
    return [norm(h)[0] for h in hidden[:-1]] + [hidden[-1][0]]


def pooled(state: torch.Tensor, pooling: str, start: int = 0) -> torch.Tensor:
    content = state[start:]
    if pooling == "mean":
        return content.mean(0)
    if pooling == "last_token":
        return content[-1]
    if pooling == "cls":
        return state[0]
    weights = torch.arange(1, len(content) + 1, dtype=torch.float32)
    return (content * weights[:, None]).sum(0) / weights.sum()


def contrastive(vectors: list[torch.Tensor], batch: int) -> torch.Tensor:
    """Queries, positives, hard negatives: cosine times scale, cross entropy, one direction."""
    unit = torch.nn.functional.normalize(torch.stack(vectors), dim=1)
    scores = unit[:batch] @ unit[batch:].T * SCALE
    return torch.nn.functional.cross_entropy(scores, torch.arange(batch))


def texts_of(triplets) -> list[str]:
    return [text for column in zip(*triplets) for text in column]


def embed(name: str, model, text: str, depth: int | None = None) -> torch.Tensor:
    """A dynamic rotary embedding remembers the longest text so far: every text meets it afresh."""
    rotary = getattr(model.get_base_model() if hasattr(model, "get_base_model") else model, "rotary_emb", None)
    if name == "llama-dynamic" and rotary is not None:
        rotary.__init__(rotary.config)
    all_states = states(name, model, text)
    return pooled(all_states[-1 if depth is None else depth], "weighted_mean")


def probe(name: str, values: torch.Tensor) -> list[float]:
    """Norm of a tensor, and its product with fixed numbers."""
    flat = values.detach().double().numpy().ravel()
    return rounded([numpy.linalg.norm(flat), flat @ numbers("probe " + name, len(flat))])


TARGETS = {
    "Phi3": ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"],
    "Bert": ["query", "key", "value", "attention.output.dense", "intermediate.dense", "output.dense"],
}
SEVEN = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def adapted(name: str, reference: bool = False):
    kind, _ = CASES[name]
    targets = SEVEN if reference else TARGETS["Bert"] if "ert" in kind else TARGETS.get(kind, SEVEN)
    config = peft.LoraConfig(r=RANK, lora_alpha=ALPHA, lora_dropout=0.0, target_modules=targets, bias="none")
    model = peft.get_peft_model(build(name), config)
    factors = {}
    with torch.no_grad():
        for tensor, parameter in model.named_parameters():
            if parameter.requires_grad:
                key = tensor.replace(".default", "")
                parameter.copy_(torch.from_numpy(numbers(key, parameter.numel()).reshape(parameter.shape) * 0.25))
                factors[key] = parameter
    return model, factors


def case(name: str) -> dict:
    model = build(name)
    out: dict = {"config": json.loads(model.config.to_json_string(use_diff=True))}
    out["config"]["architectures"] = [type(model).__name__]
    with torch.no_grad():
        out["texts"] = []
        for text, start in PAIRED:
            if name == "llama-dynamic":
                model.rotary_emb.__init__(model.config)
            every = states(name, model, text)
            out["texts"].append(
                {
                    "text": text,
                    "start": start,
                    # The first and the last position of every layer, and all of the last layer.
                    "layers": [[rounded(h[0]), rounded(h[-1])] for h in every],
                    "last": rounded(every[-1]),
                    "pooled": {
                        how: rounded(pooled(every[-1], how, start))
                        for how in ("weighted_mean", "mean", "last_token", "cls")
                    },
                }
            )
        curve = []
        for depth in range(model.config.num_hidden_layers):
            vectors = [embed(name, model, text, depth) for text in texts_of(TRIPLETS)]
            curve.append(float(contrastive(vectors, len(TRIPLETS))))
        half = len(curve) // 2
        out["search"] = {
            "loss_by_layer": rounded(curve),
            "small": int(numpy.argmin(curve[:half])) + 1,
            "large": int(numpy.argmin(curve[half:])) + half + 1,
        }
    model, factors = adapted(name)
    vectors = [embed(name, model, text) for text in texts_of(TRIPLETS)]
    loss = contrastive(vectors, len(TRIPLETS))
    loss.backward()
    out["contrastive"] = {
        "loss": rounded(loss.detach())[0],
        "gradients": {key: probe(key, parameter.grad) for key, parameter in factors.items()},
    }
    if name in ("llama3", "phi3", "gemma2", "bert"):
        out["training"] = train(name)
    return out


def train(name: str) -> dict:
    """The reference recipe on one batch again and again: AdamW, warm-up from 0, linear fall, clipping at 1. It has no
    BERT, which is trained as the default mode does: without the step at a rate of 0."""
    reference = name != "bert"
    model, factors = adapted(name, reference)
    optimizer = torch.optim.AdamW(factors.values(), lr=RATE, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0)
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, WARMUP, HORIZON)
    if not reference:
        usual = schedule.lr_lambdas[0]
        ahead = lambda step: usual(step + 1 if step < WARMUP else step)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, ahead)
    losses, norms = [], []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = contrastive([embed(name, model, text) for text in texts_of(TRIPLETS)], len(TRIPLETS))
        loss.backward()
        norms.append(float(torch.nn.utils.clip_grad_norm_(factors.values(), 1.0)))
        optimizer.step()
        schedule.step()
        losses.append(float(loss))
    return {
        "losses": rounded(losses),
        "norms": rounded(norms),
        "factors": {key: probe(key, parameter) for key, parameter in factors.items()},
    }


document = {
    "torch": torch.__version__,
    "transformers": transformers.__version__,
    "peft": peft.__version__,
    "scale": SCALE,
    "rank": RANK,
    "alpha": ALPHA,
    "recipe": {"steps": STEPS, "warmup": WARMUP, "horizon": HORIZON, "rate": RATE},
    "triplets": TRIPLETS,
    "cases": {},
}
for name in CASES:
    print(name)
    document["cases"][name] = case(name)
out = Path(__file__).parents[3] / "packages/model/src/testing/goldens/architectures.json"
out.parent.mkdir(exist_ok=True)
out.write_text(json.dumps(document, separators=(",", ":")) + "\n")
