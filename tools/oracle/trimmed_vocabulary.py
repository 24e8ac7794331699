"""Checks that transformers loads a model whose vocabulary was trimmed, and gives each text of the corpus the vectors that it had.

Not needed by any test run:
  python3 -m venv /tmp/oracle && /tmp/oracle/bin/pip install torch transformers
  espalier prune MODEL whole --keep 4 && espalier prune MODEL trimmed --keep 4 --vocabulary texts.txt
  /tmp/oracle/bin/python tools/oracle/trimmed_vocabulary.py whole trimmed texts.txt
"""

import sys

import torch
from transformers import AutoModel, AutoTokenizer

whole, trimmed, file = sys.argv[1:]
texts = [line for line in open(file, encoding="utf8").read().splitlines() if line]


def states(folder):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.no_grad():
        vectors = [model(**tokenizer(text, return_tensors="pt")).last_hidden_state for text in texts]
    return vectors, tokenizer, model


before, old, big = states(whole)
after, new, small = states(trimmed)
for text, a, b in zip(texts, before, after, strict=True):
    assert old.tokenize(text) == new.tokenize(text), text
    assert torch.equal(a, b), text
rows = [model.get_input_embeddings().weight.shape[0] for model in (big, small)]
print(f"{len(texts)} texts have the same bits; {rows[0]} tokens became {rows[1]}, of which the tokenizer knows {len(new)}")
