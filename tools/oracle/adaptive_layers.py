"""Writes packages/encoder/src/training/adaptive-golden.json: AdaptiveLayerLoss of sentence-transformers on a small BERT.

Not needed by any test run. To write the file again:
  python3 -m venv /tmp/oracle && /tmp/oracle/bin/pip install torch transformers sentence-transformers
  /tmp/oracle/bin/python tools/oracle/adaptive_layers.py

BERT has no final norm, so that what sentence-transformers takes of a smaller depth is what is left of the model pruned to it. Which
depths are drawn is fixed; `0`, the embeddings alone, is never among them. Of each weight the norm of its gradient is written, and
the sum of the gradient times a ramp from 0 to 1 over its numbers, which tells places apart.
"""

import json
import random
from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer, losses, models

folder = "packages/encoder/src/testing/folders/bert"
columns = [
    ["cat sat", "we eat", "go on"],
    ["the cat sat", "we eat bread", "go on up"],
    ["dog ran", "rain fell", "sun is up"],
]
scale = 4.0

transformer = models.Transformer(folder, max_seq_length=64)
pooling = models.Pooling(transformer.get_embedding_dimension(), pooling_mode="mean")
model = SentenceTransformer(modules=[transformer, pooling], device="cpu").eval()
tokenize = getattr(model, "preprocess", None) or model.tokenize


def case(depths, prefixes):
    random.sample = lambda _, count: depths[:count]
    loss = losses.MultipleNegativesRankingLoss(model, scale=scale)
    if prefixes:
        loss = losses.MatryoshkaLoss(model, loss, prefixes)
    whole = losses.AdaptiveLayerLoss(model, loss, n_layers_per_step=len(depths))
    model.zero_grad()
    value = whole([tokenize(column) for column in columns], None)
    value.backward()
    gradients = {}
    for name, weight in transformer.auto_model.named_parameters():
        if weight.grad is None or name.startswith("pooler."):
            continue
        flat = weight.grad.double().flatten()
        ramp = torch.linspace(0, 1, len(flat), dtype=torch.float64)
        gradients[name] = [flat.norm().item(), (flat * ramp).sum().item()]
    return {"depths": depths, "prefixes": prefixes, "loss": value.item(), "gradients": gradients}


cases = [case([1], []), case([2], []), case([1], [16, 8])]
golden = {"columns": columns, "scale": scale, "cases": cases}
Path("packages/encoder/src/training/adaptive-golden.json").write_text(json.dumps(golden, indent=2) + "\n")
