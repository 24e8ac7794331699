#!/usr/bin/env python3
"""Loads folders that Espalier has written (by prune, or an export of the format safetensors) with the release of
transformers that is installed, and compares the vectors with those of Espalier. Run it once with release 4 and once with 5:
a config.json in the spelling of one of them is read by the other with its defaults, and nobody is told.

Not needed by any test run. Usage:
  python3 -m venv /tmp/oracle4 && /tmp/oracle4/bin/pip install torch transformers==4.57.6
  python3 -m venv /tmp/oracle5 && /tmp/oracle5/bin/pip install torch transformers==5.24.0
  espalier embed FOLDER --pooling mean --pooled sequence < texts.txt > vectors.jsonl
  /tmp/oracle4/bin/python tools/oracle/check_written.py texts.txt FOLDER vectors.jsonl [FOLDER vectors.jsonl ...]

Exits with 1 when a cosine is below 0.99999.
"""

import json
import sys
from pathlib import Path

import numpy
import torch
import transformers

texts = Path(sys.argv[1]).read_text().splitlines()


def inputs(tokenizer, text: str, model) -> dict:
    """As the note of an export says for a model whose tokens see those after them: release 5 reads it in config.json, and
    release 4 is given a mask of four dimensions."""
    batch = dict(tokenizer(text, return_tensors="pt"))
    if transformers.__version__.startswith("4.") and getattr(model.config, "is_causal", True) is False:
        mask = batch["attention_mask"]
        batch["attention_mask"] = mask[:, None, None, :].bool().expand(-1, -1, mask.shape[1], -1)
    return batch


failed = False
print("transformers", transformers.__version__)
for folder, vectors in zip(sys.argv[2::2], sys.argv[3::2]):
    expected = [json.loads(line) for line in Path(vectors).read_text().splitlines()]
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        model = transformers.AutoModel.from_pretrained(folder).to(torch.float32).eval()
        cosines = []
        for text, vector in zip(texts, expected, strict=True):
            with torch.no_grad():
                found = model(**inputs(tokenizer, text, model)).last_hidden_state[0].mean(0).double().numpy()
            cosines.append(found @ vector / numpy.linalg.norm(found) / numpy.linalg.norm(vector))
        failed |= min(cosines) < 0.99999
        print(f"{min(cosines):.7f}  {folder}")
    except Exception as error:  # noqa: BLE001 - each folder is told
        failed = True
        print(f"{type(error).__name__}: {str(error)[:150]}  {folder}")
sys.exit(failed)
