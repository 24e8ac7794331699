"""Writes packages/encoder/src/testing/blanks.json: the vectors of sentence-transformers for texts with blanks at their ends, by the small
decoder whose tokenizer keeps them. Release 5 takes the blanks away, release 6 does not.

Not needed by any test run. Run it once with each release:
  python3 -m venv /tmp/oracle4 && /tmp/oracle4/bin/pip install torch transformers==4.57.6 sentence-transformers==5.1.2
  python3 -m venv /tmp/oracle5 && /tmp/oracle5/bin/pip install torch transformers==5.24.0 sentence-transformers==6.2.0
  /tmp/oracle4/bin/python tools/oracle/modules/blanks.py && /tmp/oracle5/bin/python tools/oracle/modules/blanks.py
"""

import json
import shutil
import tempfile
from pathlib import Path

import sentence_transformers
from sentence_transformers import SentenceTransformer

testing = Path(__file__).parents[3] / "packages/encoder/src/testing"
TEXTS = ["a cat", " a cat", "a cat ", "\ta cat\n", "a  cat"]

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder)
    shutil.copytree(testing / "folders/decoder", path, dirs_exist_ok=True)
    config = json.loads((path / "tokenizer_config.json").read_text())
    (path / "tokenizer_config.json").write_text(json.dumps({**config, "tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "a"}))
    kinds = ["Transformer", "Pooling"]
    modules = [
        {"idx": i, "name": str(i), "path": f"{i}_{kind}" if i else "", "type": f"sentence_transformers.models.{kind}"}
        for i, kind in enumerate(kinds)
    ]
    (path / "modules.json").write_text(json.dumps(modules))
    (path / "1_Pooling").mkdir()
    (path / "1_Pooling/config.json").write_text('{"word_embedding_dimension": 16, "pooling_mode_mean_tokens": true}')
    model = SentenceTransformer(folder, device="cpu")
    vectors = [[float(f"{x:.6g}") for x in vector[:4]] for vector in (model.encode([text])[0] for text in TEXTS)]

out = testing / "blanks.json"
found = json.loads(out.read_text()) if out.exists() else {"texts": TEXTS, "releases": {}}
found["releases"][sentence_transformers.__version__] = vectors
found["releases"] = dict(sorted(found["releases"].items()))
out.write_text(json.dumps(found) + "\n")
