"""Random patterns of Oniguruma with what they match, for the matcher of the pre-tokenizers."""

import random

from texts import SEED
from tokenizers import Regex, pre_tokenizers

ATOMS = r"""a b c s k 1 é ж 中 😀 \s \S \d \w \W \n \r \p{L} \p{N} \P{L} \p{Lu} \p{M} \p{^P} \p{Han} [abc] [^abc] [a-z0-9] [^\s\p{L}]
    [\p{L}\p{M}] [a-c[1-3]] [a-z&&[^b]] [[:alpha:]] [^[:space:]] . ' - \. \x41 \u4e2d [\-a] [-a] [a-] [\n\r]""".split() + [" "]
QUANTIFIERS = ["", "", "", "", "*", "+", "?", "{2}", "{1,2}", "{0,1}", "{2,}", "{,2}", "*?", "+?", "??", "*+", "++", "?+", "{1,2}?", "{1,3}+"]
CHARACTERS = "aabbccskſKSA1239  \n\n\r\t-'.é́ЖЖж中漢😀👍🏽_²ß"


class Generator:
    def __init__(self, seed: int):
        self.random = random.Random(seed)

    def atom(self) -> str:
        return self.random.choice(ATOMS) + self.random.choice(QUANTIFIERS)

    def item(self, depth: int) -> str:
        kind = self.random.random()
        if depth == 0 or kind < 0.55:
            return self.atom()
        inside = self.choice(depth - 1)
        if kind < 0.75:
            return self.random.choice(["(?:", "("]) + inside + ")" + self.random.choice(QUANTIFIERS)
        if kind < 0.88:
            return self.random.choice(["(?i:", "(?>", "(?=", "(?!"]) + inside + ")"
        if kind < 0.91:
            return self.random.choice(["(?<=", "(?<!"]) + self.random.choice(ATOMS) + ")"
        return self.random.choice(["^", "$", r"\A", r"\z", r"\Z"]) if kind < 0.94 else self.atom()

    def choice(self, depth: int) -> str:
        count = self.random.choice([1, 1, 1, 2, 3])
        return "|".join("".join(self.item(depth) for _ in range(self.random.randint(1, 3))) for _ in range(count))

    def text(self) -> str:
        return "".join(self.random.choice(CHARACTERS) for _ in range(self.random.randint(1, 14)))


def cases(count: int = 600, seed: int = SEED + 2):
    """[pattern, [[text, pieces], …]] for patterns that Oniguruma compiles."""
    generator = Generator(seed)
    made = []
    while len(made) < count:
        pattern = generator.choice(2)
        try:
            split = pre_tokenizers.Split(Regex(pattern), "isolated")
        except Exception:
            continue
        results = []
        for text in (generator.text() for _ in range(2)):
            try:
                results.append([text, [piece for piece, _ in split.pre_tokenize_str(text)]])
            except BaseException:  # Oniguruma gave up: the binding panics
                pass
        made.append([pattern, results])
    return made
