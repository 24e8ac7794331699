"""Writes packages/model/src/tokenizer/goldens: small tokenizers, strings, and their ids as `tokenizers` gives them.

Not needed by any test run. To write the files again, with Python 3.11:
  python3 -m venv /tmp/oracle && /tmp/oracle/bin/pip install -r tools/oracle/tokenizers/requirements.txt
  /tmp/oracle/bin/python tools/oracle/tokenizers/make_goldens.py
"""

import json
from importlib.metadata import version
from pathlib import Path

import patterns
from families import FAMILIES
from texts import corpus, strings

out = Path(__file__).parents[3] / "packages/model/src/tokenizer/goldens"
DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def packed(ids: list[int]) -> str:
    """Two digits in base 64 for each id."""
    assert all(i < 4096 for i in ids)
    return "".join(DIGITS[i >> 6] + DIGITS[i & 63] for i in ids)


def write(name: str, value, lines=False) -> None:
    compact = lambda v: json.dumps(v, ensure_ascii=True, separators=(",", ":"))
    text = "[\n" + ",\n".join(map(compact, value)) + "\n]" if lines else compact(value)
    (out / name).write_text(text + "\n", encoding="utf-8")


def main() -> None:
    out.mkdir(parents=True, exist_ok=True)
    texts, compared = corpus(), strings()
    versions = {package: version(package) for package in ("tokenizers", "sentencepiece")}
    write("strings.json", compared, lines=True)
    write("patterns.json", patterns.cases(), lines=True)
    for family in FAMILIES:
        tokenizer = family(texts)
        name = family.__name__.replace("_", "-")
        write(f"{name}.tokenizer.json", json.loads(tokenizer.to_str()))
        ids = [packed(tokenizer.encode(text, add_special_tokens=False).ids) for text in compared]
        write(f"{name}.ids.json", {"versions": versions, "aWithSpecialTokens": tokenizer.encode("a").ids, "ids": ids})
        print(name, tokenizer.get_vocab_size(), sum(map(len, ids)) // 2)


if __name__ == "__main__":
    main()
