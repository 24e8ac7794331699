#!/usr/bin/env python3
"""Loads every folder of an export in the tool it is for, and compares the vectors with those of Espalier.

Not needed by any test run. Run it with release 4 of transformers and with release 5; `make_exports.sh` makes what it reads:
  python3 -m venv /tmp/oracle4 && /tmp/oracle4/bin/pip install torch transformers==4.57.6 peft==0.18.0 \
      sentence-transformers==5.1.2 onnxruntime
  python3 -m venv /tmp/oracle5 && /tmp/oracle5/bin/pip install torch transformers==5.24.0 peft==0.21.2 \
      sentence-transformers==6.2.0 onnxruntime
  bash tools/oracle/make_exports.sh /tmp/exports
  /tmp/oracle4/bin/python tools/oracle/check_exports.py /tmp/exports/* && /tmp/oracle5/bin/python tools/oracle/check_exports.py /tmp/exports/*

Each argument is a folder with `exports`, what `espalier export MODEL --format all --out exports` wrote; `vectors.jsonl`, by
`espalier embed MODEL` over `texts.txt`; `base`, the model as it was before training; and `notes.txt`, what the export said. Exits
with 1 when a cosine is below 0.9999 (0.99 in 8 bits), unless the notes say that this release gives other vectors.
"""

import json
import sys
from pathlib import Path

import numpy
import torch
import transformers
from transformers import AutoConfig, AutoModel, AutoTokenizer

transformers.logging.set_verbosity_error()
release = int(transformers.__version__.split(".")[0])


class Case:
    def __init__(self, folder: Path):
        self.folder = folder
        self.exports = folder / "exports"
        self.texts = (folder / "texts.txt").read_text().splitlines()
        self.expected = numpy.array([json.loads(line) for line in (folder / "vectors.jsonl").read_text().splitlines()])
        self.encoding = json.loads((self.exports / "safetensors/espalier.json").read_text())["encoding"]
        self.notes = (folder / "notes.txt").read_text()
        self.bidirectional = self.encoding["attention"] == "bidirectional"

    def pooled(self, states: numpy.ndarray, mask: numpy.ndarray) -> numpy.ndarray:
        """One text; `mask` says which of its tokens are pooled."""
        mode, places = self.encoding["pooling"], numpy.flatnonzero(mask)
        if mode == "cls":
            return states[0]
        if mode == "last_token":
            return states[places[-1]]
        weights = numpy.arange(1, len(places) + 1) if mode == "weighted_mean" else numpy.ones(len(places))
        return (states[places] * weights[:, None]).sum(0) / weights.sum()

    def each(self, folder: Path, states_of) -> numpy.ndarray:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        vectors = []
        for text in self.texts:
            batch = tokenizer(text, truncation=True, return_tensors="np", return_special_tokens_mask=True)
            special = batch.pop("special_tokens_mask")[0]
            mask = 1 - special if self.encoding["pooled"] == "content" else numpy.ones_like(special)
            vectors.append(self.pooled(states_of(batch).astype(numpy.float64), mask))
        return numpy.array(vectors)

    def by_torch(self, model, folder: Path, both_ways_by_mask: bool = False) -> numpy.ndarray:
        def states(batch):
            ids, mask = (torch.from_numpy(batch[key]) for key in ("input_ids", "attention_mask"))
            if both_ways_by_mask:
                # The line in the export's notes.
                mask = mask[:, None, None, :].bool().expand(-1, -1, mask.shape[1], -1)
            with torch.no_grad():
                return model(input_ids=ids, attention_mask=mask).last_hidden_state[0].numpy()

        return self.each(folder, states)

    def transformers(self):
        folder = self.exports / "safetensors"
        model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
        return self.by_torch(model, folder, self.bidirectional and release == 4)

    def transformers_as_it_is(self):
        folder = self.exports / "safetensors"
        return self.by_torch(AutoModel.from_pretrained(folder, dtype=torch.float32).eval(), folder)

    def peft(self):
        from peft import PeftModel

        config = AutoConfig.from_pretrained(self.folder / "base")
        if self.bidirectional and release == 5:
            config.is_causal = False
        base = AutoModel.from_pretrained(self.folder / "base", config=config, dtype=torch.float32)
        model = PeftModel.from_pretrained(base, self.exports / "peft").eval()
        return self.by_torch(model, self.exports / "safetensors", self.bidirectional and release == 4)

    def sentence_transformers(self):
        from sentence_transformers import SentenceTransformer

        folder = self.exports / "sentence-transformers"
        model = SentenceTransformer(str(folder), device="cpu", model_kwargs={"dtype": torch.float32})
        return model.encode(self.texts)

    def onnx(self, name: str):
        import onnxruntime

        folder = self.exports / "onnx"
        session = onnxruntime.InferenceSession(folder / "onnx" / name)
        names = [output.name for output in session.get_outputs()]

        def states(batch):
            feeds = {key: batch[key].astype(numpy.int64) for key in ("input_ids", "attention_mask")}
            return dict(zip(names, session.run(None, feeds)))["last_hidden_state"][0]

        return self.each(folder, states)

    def ways(self):
        """How it is loaded, and what must be in the notes where this release gives other vectors."""
        yield "transformers", self.transformers, None
        if self.bidirectional:
            yield "transformers, as it is", self.transformers_as_it_is, "Release 4" if release == 4 else None
        if (self.exports / "peft").exists():
            yield "peft", self.peft, None
        if (self.exports / "sentence-transformers").exists():
            told = "sentence-transformers on top of it" if self.bidirectional and release == 4 else None
            yield "sentence-transformers", self.sentence_transformers, told
        if (self.exports / "onnx").exists():
            for name, way in (("model.onnx", "onnx"), ("model_quantized.onnx", "onnx, 8 bits")):
                if (self.exports / "onnx/onnx" / name).exists():
                    yield way, lambda name=name: self.onnx(name), None


failed = False
print(f"transformers {transformers.__version__}\n{'':26}{'loaded by':26}{'worst cosine':>14}")
for case in map(Case, map(Path, sys.argv[1:])):
    for way, embed, told in case.ways():
        try:
            vectors = embed()
            lengths = numpy.linalg.norm(vectors, axis=1) * numpy.linalg.norm(case.expected, axis=1)
            worst = ((vectors * case.expected).sum(1) / lengths).min()
            enough = worst >= (0.99 if "8 bits" in way else 0.9999) or (told is not None and told in case.notes)
            shown = f"{worst:14.7f}{'' if told is None else ' (told)'}"
        except Exception as error:  # noqa: BLE001 - each folder is told
            enough, shown = False, f"{type(error).__name__}: {str(error)[:300]}"
        failed |= not enough
        print(f"{case.folder.name:26}{way:26}{shown}{'' if enough else '  WRONG'}", flush=True)
sys.exit(failed)
