"""Writes packages/model/src/testing/goldens/configs4.json: config.json of every tiny model as transformers 4 writes it.

Not needed by any test run. To write the file again:
  python3 -m venv /tmp/oracle4 && /tmp/oracle4/bin/pip install transformers==4.57.3
  /tmp/oracle4/bin/python tools/oracle/architectures/configs.py
"""

import json
from pathlib import Path

import transformers
from cases import CASES

configs = {}
for name, (kind, arguments) in CASES.items():
    # Release 4 halves the window of such a model when it reads it, writes that, and halves it again at the next reading.
    if arguments.get("use_bidirectional_attention"):
        continue
    config = getattr(transformers, f"{kind}Config")(**arguments)
    config.architectures = [f"{kind}Model"]
    configs[name] = json.loads(config.to_json_string(use_diff=True))
out = Path(__file__).parents[3] / "packages/model/src/testing/goldens/configs4.json"
out.parent.mkdir(exist_ok=True)
out.write_text(json.dumps({"transformers": transformers.__version__, "configs": configs}, indent=1) + "\n")
