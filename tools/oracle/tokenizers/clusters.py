"""What the library's grapheme clusters (UAX #29) are made of, found by asking it about every code point.

The normalizer `Precompiled` looks up a cluster of up to five bytes of UTF-8 as one, and takes for all of it what the
beginning of the cluster becomes. With a map of a single character, the result therefore tells whether an accent at the
end of a text belongs to a short cluster that starts with this character.
"""

import json
import random

import unicodedata2 as now
from families import charsmap
from texts import SEED
from tokenizers import normalizers

POINTS = [point for point in range(0x110000) if not 0xD800 <= point <= 0xDFFF]
ACUTE, NON_JOINER, JOINER, SIGN, KA, VIRAMA = "\u0301", "\u200c", "\u200d", "\u00a9", "\u0915", "\u094d"


def precompiled(*mapped: str) -> normalizers.Precompiled:
    return normalizers.Precompiled(charsmap([(character, "X") for character in mapped]))


def standing_alone(normalizer, text, points=POINTS) -> set[int]:
    """Code points with which the accent at the end of the text is not in a short cluster with the character before it."""
    return {point for point in points if normalizer.normalize_str(text(chr(point))).endswith(ACUTE)}


def sets() -> dict[str, tuple[str, set[int]]]:
    letter, sign, consonant = map(precompiled, ("a", SIGN, KA))
    prepends = standing_alone(letter, lambda c: c + "a" + ACUTE)
    pictographs = standing_alone(sign, lambda c: c + JOINER + SIGN + ACUTE) - prepends
    consonants = standing_alone(consonant, lambda c: c + VIRAMA + KA + ACUTE) - prepends
    extenders = {point for point in POINTS if letter.normalize_str("a" + chr(point)) == "X"}
    between = standing_alone(sign, lambda c: SIGN + c + JOINER + SIGN + ACUTE) - pictographs - prepends
    between_consonants = standing_alone(consonant, lambda c: KA + c + VIRAMA + KA + ACUTE) - consonants - prepends
    # graphemes.ts relies on this: among consonants, the two joiners change places.
    assert between_consonants == between - {ord(NON_JOINER)} | {ord(JOINER)} and between < extenders
    # A control of four bytes and an accent are too long to be looked up as one in any case.
    candidates = [p for p in POINTS if 0 < p < 0x10000 and now.category(chr(p)) in ("Cc", "Cf", "Zl", "Zp", "Cn")]
    control = standing_alone(precompiled(*map(chr, candidates)), lambda c: c + ACUTE, candidates)
    return {
        "clusterExtenders": ("What belongs to the cluster before it.", extenders),
        "clusterPrefixes": ("What belongs to the cluster behind it.", prepends),
        "clusterControls": ("What is always a cluster of its own; those beyond the basic plane are left out.", control | {0}),
        "spacingMarks": ("What belongs to the cluster before it, and neither a linker nor a joiner reaches across.", extenders - between - {ord(JOINER)}),
        "pictographs": ("What a joiner joins to one another.", pictographs),
        "conjunctConsonants": ("What a linker joins to one another.", consonants),
        "conjunctLinkers": ("What joins consonants.", standing_alone(consonant, lambda c: KA + c + KA + ACUTE) - prepends),
    }


# One character or more of every kind that the rules know.
CHARACTERS = [*"aa\u00e9\u4e2d\r\n\u0001\u200b\u00ad\u0301\u0301\u0308\u0903\u093e\u200c\u200d\u200d\u0600\u06dd\u0d4e\u00a9\u00ae\u263a\u2764\ufe0f"]
CHARACTERS += [*"\u0915\u0915\u0924\u094d\u094d\u0c95\u0ccd\u1100\u1161\u11a8\uac00\uac01\U0001f1e6\U0001f1e7\U0001f600\U0001f3fd\U00011f02\U00016ea0"]
MAPPED = "a\u00e9\u4e2d\u0001\r\n\u200b\u0600\u0d4e\u00a9\u263a\u2764\u0915\u0924\u1100\u1161\u11a8\uac00\uac01"


def golden(count: int = 1500) -> dict:
    """Random texts, and what a map of single characters makes of them."""
    normalizer = precompiled(*MAPPED)
    choose = random.Random(SEED + 3)
    texts = ["".join(choose.choices(CHARACTERS, k=choose.randint(2, 9))) for _ in range(count)]
    part = json.loads(normalizer.__getstate__())
    return {"part": part, "cases": [[text, normalizer.normalize_str(text)] for text in texts]}
