"""Writes packages/model/src/tokenizer/goldens/reference-spans.json: which tokens l3prune pools, by its way of counting.

Its `tokenize` (thennal10/l3prune, llmencoder.py) cuts the whole string on the right to the maximum length, special tokens
included, does the same to the text part without special tokens, and marks as many positions at the end of the former as
the latter has tokens. See make_goldens.py for how to run this, after it: the tokenizers are its.
"""

import json
from importlib.metadata import version
from pathlib import Path

from transformers import PreTrainedTokenizerFast

goldens = Path(__file__).parents[3] / "packages/model/src/tokenizer/goldens"

FAMILIES = {"llama2": "</s>", "llama3": "<|end_of_text|>", "qwen2": "<|endoftext|>", "phi3": "<|endoftext|>", "bert-cased": "[PAD]"}
PREFIXES = ["", "Retrieve the query; ", "<|user|>\n[INST] find the tree; "]
TEXTS = ["the garden wall", "a", " blanks  ", "tokenization of the model's layers, never cut quickly because water returns", "ſ漢字😀"]
SUFFIXES = ["", "<|end|>"]


def mark(tokenizer, before: str, text: str, longest: int):
    whole = tokenizer(before + text, truncation=True, max_length=longest)["input_ids"]
    content = tokenizer(text, truncation=True, max_length=longest, add_special_tokens=False)["input_ids"]
    return {"ids": whole, "marked": min(len(content), len(whole))}


cases = []
for family, padding in FAMILIES.items():
    file = str(goldens / f"{family}.tokenizer.json")
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=file, pad_token=padding, padding_side="left")
    for before in PREFIXES:
        for text in TEXTS:
            for suffix in SUFFIXES:
                for longest in (8, 16, 512):
                    span = mark(tokenizer, before, text + suffix, longest)
                    cases.append({"tokenizer": family, "prefix": before, "text": text, "suffix": suffix, "maxLength": longest, **span})

versions = {package: version(package) for package in ("transformers", "tokenizers")}
lines = ",\n".join(json.dumps(case) for case in cases)
(goldens / "reference-spans.json").write_text(f'{{"versions": {json.dumps(versions)}, "cases": [\n{lines}\n]}}\n')
print(len(cases))
