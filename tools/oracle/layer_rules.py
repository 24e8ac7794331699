"""Writes packages/encoder/src/pruning/rules-golden.json: block influence and angular distances of a small Llama by PyTorch.

Not needed by any test run. To write the file again:
  python3 -m venv /tmp/oracle && /tmp/oracle/bin/pip install torch transformers
  /tmp/oracle/bin/python tools/oracle/layer_rules.py

What goes into each layer is taken by hooks, as the last of transformers' `hidden_states` is normed.
"""

import json
from pathlib import Path

import torch
from transformers import AutoModel, AutoTokenizer

folder = "packages/encoder/src/testing/folders/decoder"
model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
tokenizer = AutoTokenizer.from_pretrained(folder)
inputs, last = {}, {}
for i, layer in enumerate(model.layers):
    layer.register_forward_pre_hook(
        lambda _, args, kwargs, i=i: inputs.__setitem__(i, args[0] if args else kwargs["hidden_states"]),
        with_kwargs=True,
    )
model.norm.register_forward_pre_hook(lambda _, args: inputs.__setitem__(len(model.layers), args[0]))

queries = ["cat sat", "dog ran", "sun is up", "we eat", "rain fell", "go on"]
depth = len(model.layers)


def states(text):
    with torch.no_grad():
        model(**tokenizer(text, return_tensors="pt"))
    return [inputs[i][0].double() for i in range(depth + 1)]


def of_batch(batch):
    texts = batch + [f"the {q}" for q in batch] + [f"no {q[:3]}" for q in batch]
    kept = [states(text) for text in dict.fromkeys(texts)]
    cosine = torch.nn.functional.cosine_similarity
    influence = []
    for layer in range(depth):
        turned = torch.cat([cosine(s[layer], s[layer + 1], dim=-1) for s in kept])
        influence.append(1 - turned.mean().item())
    angular = {
        n: [
            sum((torch.arccos(cosine(s[l][-1], s[l + n][-1], dim=0)) / torch.pi).item() for s in kept) / len(kept)
            for l in range(depth - n + 1)
        ]
        for n in (1, 2)
    }
    return influence, angular


first, second = of_batch(queries[:3]), of_batch(queries[3:])
mean = lambda a, b: [(x + y) / 2 for x, y in zip(a, b)]
Path("packages/encoder/src/pruning/rules-golden.json").write_text(
    json.dumps(
        {
            "blockInfluence": mean(first[0], second[0]),
            "angularDistance1": mean(first[1][1], second[1][1]),
            "angularDistance2": mean(first[1][2], second[1][2]),
        }
    )
    + "\n"
)
