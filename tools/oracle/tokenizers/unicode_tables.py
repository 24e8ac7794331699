"""Writes packages/model/src/tokenizer/unicode/data.ts and its goldens: what Unicode is to each part of `tokenizers`.

The library is built from crates that each bring their own release of Unicode, from 8 to 17. The tables are found by
asking the library about every code point. See make_goldens.py for how to run it; it takes some minutes.
"""

import hashlib
import json
from functools import cache
from importlib.metadata import version
from pathlib import Path

import clusters
import unicodedata2 as now
from families import CASED, LLAMA3
from tokenizers import Regex, normalizers, pre_tokenizers

root = Path(__file__).parents[3] / "packages/model/src/tokenizer"
POINTS = [point for point in range(0x110000) if not 0xD800 <= point <= 0xDFFF]
BLOCK = 0x1000
SCRIPTS = "Han Hiragana Katakana Hangul Latin Cyrillic Greek Arabic Hebrew Thai".split()
CATEGORIES = "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Co Cn".split()


def blocks():
    for start in range(0, 0x110000, BLOCK):
        points = [point for point in range(start, start + BLOCK) if not 0xD800 <= point <= 0xDFFF]
        if points:
            yield points


def matched(pattern: str) -> set[int]:
    """Code points that a pattern of Oniguruma matches."""
    split = pre_tokenizers.Split(Regex(pattern), "removed")
    found = set()
    for points in blocks():
        kept = {c for piece, _ in split.pre_tokenize_str("".join(map(chr, points))) for c in piece}
        found |= {point for point in points if chr(point) not in kept}
    return found


def deleted(normalizer) -> set[int]:
    return {point for point in POINTS if normalizer.normalize_str(f"a{chr(point)}b") == "ab"}


def runs(points: set[int]) -> str:
    """Lengths of the runs of code points outside and inside the set, in turn, in base 36."""
    lengths, inside, length = [], False, 0
    for point in range(max(points) + 1):
        if (point in points) == inside:
            length += 1
        else:
            lengths.append(length)
            inside, length = not inside, 1
    return " ".join(map(base36, [*lengths, length]))


def base36(number: int) -> str:
    digits = ""
    while True:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
        if number == 0:
            return digits


def categories() -> str:
    """`<length><letter>` for each run of code points of one general category; the letter counts CATEGORIES from A."""
    of = [len(CATEGORIES) - 1] * 0x110000
    for index, category in enumerate(CATEGORIES[:-1]):
        for point in matched(rf"\p{{{category}}}"):
            of[point] = index
    text, start = "", 0
    for point in range(1, 0x110001):
        if point == 0x110000 or of[point] != of[start]:
            text += base36(point - start) + chr(ord("A") + of[start])
            start = point
    return text


def small_letters() -> dict[int, str]:
    """What `Lowercase` makes of each code point that it changes."""
    lowercase = normalizers.Lowercase()
    return {point: small for point in POINTS if (small := lowercase.normalize_str(chr(point))) != chr(point)}


def packed_small_letters() -> str:
    """`<gap>,<count>,<step>,<distance>` for each run of capitals at one distance from their small letters, in base 36."""
    one = {point: ord(small) - point for point, small in small_letters().items() if len(small) == 1}
    several = {point: small for point, small in small_letters().items() if len(small) > 1}
    assert several == {0x130: "i\u0307"}, several
    capitals, packed, end, at = sorted(one), [], 0, 0
    while at < len(capitals):
        first, last = capitals[at], at
        step = min(2, capitals[at + 1] - first) if at + 1 < len(capitals) else 1
        while last + 1 < len(capitals) and capitals[last + 1] - capitals[last] == step and one[capitals[last + 1]] == one[first]:
            last += 1
        distance = ("-" if one[first] < 0 else "") + base36(abs(one[first]))
        packed.append(f"{base36(first - end)},{base36(last - at + 1)},{step},{distance}")
        end, at = capitals[last] + 1, last + 1
    return " ".join(packed)


def cased() -> set[int]:
    """Code points with another case: capitals, their small letters, and small letters that only have a capital."""
    small = small_letters()
    return {*small, *(ord(c) for c in small.values() if len(c) == 1), *(p for p in POINTS if chr(p).upper() != chr(p))}


def newer_in_normal_forms() -> set[int]:
    """Code points that today's Unicode reorders, takes apart or composes, and the library's normal forms leave alone."""
    nfd, nfkd = normalizers.NFD(), normalizers.NFKD()
    marks = [chr(mark) for mark in (0x0334, 0x3099, 0x094D, 0x05B0, 0x0316, 0x0301, 0x0345)]
    newer = set()
    for point in POINTS:
        c = chr(point)
        parts = now.normalize("NFKD", c)
        if parts != c and nfkd.normalize_str(c) == c:
            newer.add(point)
        elif now.combining(c) != 0 and all(
            nfd.normalize_str(f"a{pair}") == f"a{pair}" for mark in marks for pair in (c + mark, mark + c)
        ):
            newer.add(point)
        elif parts == c and any(now.normalize("NFC", c + d) != c + d for d in composing_seconds()) and not old_first(c):
            newer.add(point)
    return newer


@cache
def composing_seconds() -> list[str]:
    """Characters that compose with one before them; syllables of Hangul aside, which have always been there."""
    canonical = [chr(p) for p in POINTS if not 0xAC00 <= p <= 0xD7A3 and now.decomposition(chr(p))[:1] not in ("", "<")]
    decomposed = (now.normalize("NFD", c) for c in canonical)
    return sorted({parts[-1] for parts in decomposed if len(parts) > 1})



def old_first(c: str) -> bool:
    nfc = normalizers.NFC()
    return any(nfc.normalize_str(c + d) != c + d for d in composing_seconds())


def bert(**on) -> normalizers.BertNormalizer:
    off = {"clean_text": False, "handle_chinese_chars": False, "strip_accents": False, "lowercase": False}
    return normalizers.BertNormalizer(**{**off, **on})


def data() -> str:
    mark = bert(strip_accents=True)
    sets = {
        "newerInNormalForms": ("Characters that Unicode 18 reorders, decomposes or composes, and the library's normal forms do not.", newer_in_normal_forms()),
        "combiningMarks": ("What `StripAccents` removes.", deleted(normalizers.StripAccents())),
        "nonspacingMarks": ("What `BertNormalizer` removes as accents.", deleted(mark)),
        "control": ("What `BertNormalizer` removes when it cleans; it treats tab, line feed and carriage return as whitespace.", deleted(bert(clean_text=True))),
        "alphabetic": ("`Alphabetic` of Oniguruma.", matched(r"\p{Alphabetic}")),
        "cased": ("What has another case.", cased()),
        **clusters.sets(),
        "punctuation": ("What `BertPreTokenizer` and `Punctuation` split at.", punctuation()),
    }
    lines = [
        f"// Written by tools/oracle/tokenizers/unicode_tables.py from what tokenizers {version('tokenizers')} does to every code point.",
        "// A set is the lengths of its runs of code points, outside and inside in turn, in base 36.",
        "// The Unicode of Oniguruma (categories, scripts, Alphabetic) is 16; that of small letters and clusters is 17.",
        "",
        "/** General categories of Oniguruma's Unicode: the length of each run of code points, and a letter for its category. */",
        f"export const categoryRuns =\n  {json.dumps(categories())};",
        f"export const categoryNames =\n  {json.dumps(' '.join(CATEGORIES))};",
    ]
    lines += ["", "/** Scripts of Oniguruma, by name. */", "export const scripts: Readonly<Record<string, string>> = {"]
    for script in SCRIPTS:
        points = matched(rf"\p{{{script}}}")
        lines += [f"  {script}:", f"    {json.dumps(runs(points))},"]
    lines += ["};", "", "/** Runs of capitals and the distance to their small letters: gap, count, step and distance, in base 36. */"]
    lines += [f"export const smallLetters =\n  {json.dumps(packed_small_letters())};"]
    for name, (comment, points) in sets.items():
        lines += ["", f"/** {comment} */", f"export const {name} =\n  {json.dumps(runs(points))};"]
    return "\n".join(lines) + "\n"


def punctuation() -> set[int]:
    split = pre_tokenizers.Punctuation("removed")
    found = set()
    for points in blocks():
        kept = {c for piece, _ in split.pre_tokenize_str("".join(map(chr, points))) for c in piece}
        found |= {point for point in points if chr(point) not in kept}
    return found


def split(pattern: str, behavior: str = "isolated"):
    return pre_tokenizers.Split(Regex(pattern), behavior)


CASES = {
    **{name: getattr(normalizers, name)() for name in ("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt")},
    "BertNormalizer cased": normalizers.BertNormalizer(lowercase=False),
    "BertNormalizer uncased": normalizers.BertNormalizer(lowercase=True),
    "Strip": normalizers.Strip(),
    **{name: getattr(pre_tokenizers, name)() for name in ("BertPreTokenizer", "Punctuation", "Whitespace", "WhitespaceSplit")},
    "Digits": pre_tokenizers.Digits(individual_digits=True),
    "gpt2": pre_tokenizers.ByteLevel(add_prefix_space=False),
    "llama3": split(LLAMA3),
    "cased": split(CASED),
    "Precompiled": clusters.precompiled("a"),
    **{rf"{name}": split(name) for name in (r"\w+", r"\d+", r"\s", r"[[:punct:]]+", r"[[:alpha:]]+", r"\p{Han}+", r"\p{Alphabetic}+", r"[\p{Latin}\p{Greek}\p{Thai}]+", r"[\p{Cyrillic}\p{Arabic}\p{Hebrew}]+", r"[\p{Hiragana}\p{Katakana}\p{Hangul}]+", r"[\p{M}\p{P}]+", r"(?i)s+")},
}


def golden():
    """For each case, the start of the SHA-256 of its result for each block of code points, between letters and alone."""
    kept = [points for points in blocks() if points[0] < 0x34000 or points[0] >= 0xE0000 and points[0] % 0x10000 == 0]
    texts = ["".join(f"a{chr(point)}b {chr(point)} " for point in points) for points in kept]
    result = {}
    for name, case in CASES.items():
        kind = "normalizer" if hasattr(case, "normalize_str") else "pre_tokenizer"
        digests = []
        for text in texts:
            out = case.normalize_str(text) if kind == "normalizer" else "\0".join(piece for piece, _ in case.pre_tokenize_str(text))
            digests.append(hashlib.sha256(out.encode()).hexdigest()[:8])
        result[name] = {"kind": kind, "part": json.loads(case.__getstate__()), "digests": " ".join(digests)}
    return {"tokenizers": version("tokenizers"), "block": BLOCK, "starts": [points[0] for points in kept], "cases": result}


if __name__ == "__main__":
    (root / "unicode").mkdir(parents=True, exist_ok=True)
    (root / "unicode/data.ts").write_text(data(), encoding="utf-8")
    (root / "goldens/code-points.json").write_text(json.dumps(golden(), ensure_ascii=True, separators=(",", ":")) + "\n")
    (root / "goldens/clusters.json").write_text(json.dumps(clusters.golden(), ensure_ascii=True, separators=(",", ":")) + "\n")
