"""Writes packages/encoder/src/testing/after-pooling.json: the vectors of sentence-transformers for a small BERT whose pooled vector
goes through a Dense of each activation, a LayerNorm, and several in a row.

Not needed by any test run. The numbers are those of releases 5.1.2 and 6.2.0 alike, within 1e-6:
  python3 -m venv /tmp/oracle && /tmp/oracle/bin/pip install torch transformers==5.24.0 sentence-transformers==6.2.0
  /tmp/oracle/bin/python tools/oracle/modules/after_pooling.py [--check]
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy
import torch
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer

sys.path.append(str(Path(__file__).parents[1] / "architectures"))
from cases import weight  # noqa: E402

testing = Path(__file__).parents[3] / "packages/encoder/src/testing"
TEXTS = ["once upon a time there was a cat and a dog", "a"]
ACTIVATIONS = {
    "linear.Identity": "torch.nn.modules.linear.Identity",
    **{name: f"torch.nn.modules.activation.{name}" for name in ("Tanh", "ReLU", "GELU", "SiLU", "Sigmoid")},
}
dense = lambda outputs, bias=True, activation="Tanh": {"kind": "Dense", "outputs": outputs, "bias": bias, "activation": ACTIVATIONS[activation]}
CASES = {
    **{f"Dense, {name}": [dense(8, activation=name)] for name in ACTIVATIONS},
    "Dense without bias": [dense(24, bias=False)],
    "LayerNorm": [{"kind": "LayerNorm"}],
    "two Dense, Normalize": [dense(24, False, "linear.Identity"), dense(6, False, "linear.Identity"), {"kind": "Normalize"}],
    "Dropout, Normalize, LayerNorm, Dense": [{"kind": "Dropout"}, {"kind": "Normalize"}, {"kind": "LayerNorm"}, dense(8, True, "GELU")],
}


def write(folder: Path, steps: list[dict]) -> None:
    shutil.copytree(testing / "folders/bert", folder, dirs_exist_ok=True)
    # By the name that release 4 of transformers knows too.
    config = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps({**config, "tokenizer_class": "PreTrainedTokenizerFast"}))
    kinds = ["Transformer", "Pooling", *(step["kind"] for step in steps)]
    modules = [
        {"idx": i, "name": str(i), "path": f"{i}_{kind}" if i else "", "type": f"sentence_transformers.models.{kind}"}
        for i, kind in enumerate(kinds)
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    pooling = folder / "1_Pooling"
    pooling.mkdir()
    (pooling / "config.json").write_text('{"word_embedding_dimension": 16, "pooling_mode_mean_tokens": true}')
    width = 16
    for place, step in enumerate(steps, start=2):
        module = folder / f"{place}_{step['kind']}"
        module.mkdir()
        tensor = lambda name, shape: torch.from_numpy(weight(f"{place}.{name}", shape, False)).float()
        if step["kind"] == "Dense":
            outputs = step["outputs"]
            config = {"in_features": width, "out_features": outputs, "bias": step["bias"], "activation_function": step["activation"]}
            weights = {"linear.weight": tensor("linear.weight", (outputs, width))}
            if step["bias"]:
                weights["linear.bias"] = tensor("linear.bias", (outputs,))
            width = outputs
        elif step["kind"] == "LayerNorm":
            config = {"dimension": width}
            weights = {"norm.weight": tensor("norm.weight", (width,)), "norm.bias": tensor("norm.bias", (width,))}
        else:
            if step["kind"] == "Dropout":
                (module / "config.json").write_text('{"dropout": 0.2}')
            continue
        (module / "config.json").write_text(json.dumps(config))
        save_file(weights, str(module / "model.safetensors"))


found = {}
for name, steps in CASES.items():
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), steps)
        vectors = SentenceTransformer(folder, device="cpu").encode(TEXTS, convert_to_numpy=True)
        found[name] = {"steps": steps, "vectors": [[float(f"{x:.7g}") for x in vector] for vector in vectors]}
out = testing / "after-pooling.json"
if "--check" in sys.argv:
    right = json.loads(out.read_text())["cases"]
    off = {name: float(numpy.abs(numpy.array(right[name]["vectors"]) - numpy.array(case["vectors"])).max()) for name, case in found.items()}
    print(off)
    sys.exit(max(off.values()) > 1e-6)
lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(case)}" for name, case in found.items())
out.write_text(f'{{"texts": {json.dumps(TEXTS)}, "cases": {{\n{lines}\n}}}}\n')
print(len(found))
