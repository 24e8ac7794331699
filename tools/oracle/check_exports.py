#!/usr/bin/env python3
"""Loads every folder of an export in the tool it is for, and compares the vectors with those of Espalier.

Not needed by any test run. Usage:
  python3 -m venv /tmp/oracle && /tmp/oracle/bin/pip install torch==2.15.0 transformers==5.23.0 peft==0.21.2 \
      sentence-transformers==6.2.0 onnxruntime==1.32.0
  /tmp/oracle/bin/python tools/oracle/check_exports.py EXPORTS --vectors FILE [--base DIR]

EXPORTS is what `espalier export MODEL --format all --out EXPORTS` wrote; FILE holds JSON lines {"text", "vector"} by
`espalier embed`; DIR is the base model as it was imported. Exits with 1 when a cosine is below 0.9999 (0.99 in 8 bits).
"""

import argparse
import json
import sys
from pathlib import Path

import numpy
import onnxruntime
import torch
from peft import PeftModel
from sentence_transformers import SentenceTransformer
from transformers import AutoModel, AutoTokenizer

arguments = argparse.ArgumentParser()
arguments.add_argument("exports", type=Path)
arguments.add_argument("--vectors", type=Path, required=True)
arguments.add_argument("--base", type=Path)
arguments = arguments.parse_args()
rows = [json.loads(line) for line in arguments.vectors.read_text().splitlines()]
texts = [row["text"] for row in rows]
expected = numpy.array([row["vector"] for row in rows])
pooling = json.loads((arguments.exports / "sentence-transformers/1_Pooling/config.json").read_text())
mode = next(key for key, value in pooling.items() if key.startswith("pooling_mode") and value)


def pooled(states: numpy.ndarray, mask: numpy.ndarray) -> numpy.ndarray:
    """Over all tokens of the mask, padded on the right."""
    if mode == "pooling_mode_cls_token":
        return states[:, 0]
    if mode == "pooling_mode_lasttoken":
        return states[numpy.arange(len(states)), mask.sum(1) - 1]
    weights = mask.cumsum(1) * mask if mode == "pooling_mode_weightedmean_tokens" else mask
    weights = weights[..., None].astype(numpy.float64)
    return (states * weights).sum(1) / weights.sum(1)


def tokens(folder: Path):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    return tokenizer(texts, padding=True, truncation=True, return_tensors="np")


def by_torch(model, folder: Path) -> numpy.ndarray:
    batch = tokens(folder)
    with torch.no_grad():
        states = model(
            input_ids=torch.from_numpy(batch["input_ids"]), attention_mask=torch.from_numpy(batch["attention_mask"])
        ).last_hidden_state
    return pooled(states.double().numpy(), batch["attention_mask"])


def by_onnx(name: str) -> numpy.ndarray:
    folder = arguments.exports / "onnx"
    batch = tokens(folder)
    session = onnxruntime.InferenceSession(folder / "onnx" / name)
    feeds = {key: batch[key].astype(numpy.int64) for key in ("input_ids", "attention_mask")}
    outputs = dict(zip([output.name for output in session.get_outputs()], session.run(None, feeds)))
    vectors = pooled(outputs["last_hidden_state"].astype(numpy.float64), batch["attention_mask"])
    if "sentence_embedding" in outputs:
        numpy.testing.assert_allclose(outputs["sentence_embedding"], vectors, rtol=1e-3, atol=1e-4)
    return vectors


ways = {
    "transformers": lambda: by_torch(
        AutoModel.from_pretrained(arguments.exports / "safetensors", dtype=torch.float32).eval(),
        arguments.exports / "safetensors",
    ),
    "sentence-transformers": lambda: SentenceTransformer(
        str(arguments.exports / "sentence-transformers"), device="cpu", model_kwargs={"dtype": torch.float32}
    ).encode(texts),
    "onnx": lambda: by_onnx("model.onnx"),
}
if (arguments.exports / "onnx/onnx/model_quantized.onnx").exists():
    ways["onnx, 8 bits"] = lambda: by_onnx("model_quantized.onnx")
if arguments.base and (arguments.exports / "peft").exists():
    ways["peft"] = lambda: by_torch(
        PeftModel.from_pretrained(
            AutoModel.from_pretrained(arguments.base, dtype=torch.float32), arguments.exports / "peft"
        ).eval(),
        arguments.exports / "safetensors",
    )
failed = False
print(f"{'loaded by':24}{'texts':>6}{'worst cosine':>14}{'mean cosine':>14}")
for way, embed in ways.items():
    vectors = embed()
    cosines = (vectors * expected).sum(1) / numpy.linalg.norm(vectors, axis=1) / numpy.linalg.norm(expected, axis=1)
    failed |= bool(cosines.min() < (0.99 if "8 bits" in way else 0.9999))
    print(f"{way:24}{len(texts):6}{cosines.min():14.7f}{cosines.mean():14.7f}")
sys.exit(1 if failed else 0)
