"""Texts that the tokenizer goldens are made of: a training corpus, and the strings that are compared.

Everything is written or generated here from a seed; nothing is copied from elsewhere.
"""

import random
import unicodedata

SEED = 20261125

WORDS = {
    "en": """the a garden tree branch wall frame grows pruned trained against light wind water stone layers encoder
        model query document token sentence finds returns cuts keeps measures compares quickly slowly often never
        because although between under river mountain letter number seven hundred first second don't it's we're
        they've I'm you'll she'd unbelievable internationalisation tokenization""",
    "de": "der Garten Baum wächst Größe Straße über müssen schön Übung Wörter zwölf Geländespalier",
    "fr": "l'arbre été où garçon naïve œuvre déjà forêt élagué aujourd'hui cœur",
    "es": "el árbol niño mañana corazón jardín ¿dónde ¡aquí pingüino",
    "pl": "drzewo gałąź źródło łódź ćma żółw",
    "vi": "cây vườn những người được tiếng Việt đường",
    "tr": "ağaç bahçe İstanbul ılık güneş çiçek",
    "ru": "дерево растёт в саду модель слой текст быстро ёлка",
    "el": "δέντρο κήπος λόγος Σοφός ΟΔΟΣ μεγάλος",
    "ar": "الشجرة في الحديقة نموذج لغة كِتَابٌ",
    "he": "עץ בגן מילה שָׁלוֹם",
    "hi": "पेड़ बगीचे में भाषा क्षेत्र हिन्दी",
    "th": "ต้นไม้ในสวนภาษาไทย น้ำ",
    "zh": "树 在 花园 里 生长 模型 语言 编码器 你好世界",
    "ja": "木 は 庭 で 育つ モデル カタカナ ひらがな ガーデン パン 東京",
    "ko": "나무가 정원에서 자란다 모델 언어 한국어 값",
}
CODE = [
    "def prune(layers: int) -> Model:\n    return model.layers[:layers]\n",
    "for (let i = 0; i < n; i++) {\n\t\tsum += a[i] * b[i];\n}\n",
    "#include <vector>\nint main() { std::vector<int> v{1, 2, 3}; return v.size(); }",
    'SELECT id, name FROM models WHERE layers >= 12 AND name LIKE \'%llama%\' ORDER BY id DESC;',
    "const f = async <T,>(x: T | null): Promise<T> => x ?? (await g({ ...y }));",
    '{"query": "a \\"b\\"", "score": 4.25e-3, "list": [true, null, -17]}',
    "if x != y && !(z <= 3) { println!(\"{:?}\", x); } // TODO: none",
    "grep -rn 'foo_bar' ./src | awk -F: '{print $1}' | sort -u > /dev/null 2>&1",
    "<div class=\"a b\" id='c'>&nbsp;&lt;tag/&gt;</div>",
    "http://example.org:8080/path/to?x=1&y=%20z#frag user@example.com 127.0.0.1",
    "camelCaseIdentifier snake_case_identifier SCREAMING_CASE kebab-case x1y2z3 0xDEADBEEF 1_000_000 3.14159",
]
SPECIALS = [
    "<s>", "</s>", "<unk>", "<pad>", "<mask>", "[CLS]", "[SEP]", "[MASK]", "[UNK]", "[PAD]", "<|endoftext|>",
    "<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|im_start|>",
    "<|im_end|>", "<|user|>", "<|assistant|>", "<|end|>", "<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>", "[INST]",
    "[/INST]", "<0x0A>", "<0xFF>", "▁", "Ġ", "Ċ", "##ing", "<|custom|>", "Word", "ESPALIER", "éclair",
]
MARKS = "\u0300\u0301\u0302\u0303\u0308\u030a\u0323\u0327\u0328\u0338\u0345\u05b0\u064b\u0651\u093c\u094d\u0e49\u302a\u3099"
EMOJI = [
    "😀", "👍🏽", "👩‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪🇯🇵", "❤️", "☎", "1️⃣", "🧑🏿‍🚀", "🫠", "🪿", "🩷", "©️", "🤷‍♀️",
]
BLANKS = [
    " ", "  ", "   ", "\t", "\n", "\r\n", "\r", "\n\n", " \n ", "\v", "\f", "\u0085", "\u00a0", "\u1680", "\u2003", "\u2009",
    "\u200b", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000", "\ufeff", " \t", "    ", "\u180e", "\u001c", "\u001f",
]
CONTROLS = [chr(c) for c in (0, 1, 7, 8, 0x0E, 0x1B, 0x7F, 0x80, 0x8F, 0x9F, 0xAD, 0x200C, 0x200D, 0x200E, 0x200F, 0x202E,
                             0x2060, 0xFFF9, 0xFFFD, 0xFFFE, 0xE000, 0xE0001, 0xE0041, 0xF0000, 0x10FFFF)]
COMPATIBILITY = "ﬁﬂﬃ①②½¾㎏㏒ＡＢｃ１２！～ｶﾞﾊﾟ㌀㋿ℌℵ™℡Ǆǆ ŉ ẛ̣ ſ ß ẞ İ ı ͅ ΐ ﷺ ﷽ 豈 㐀 𠀀 𝒜 𝟘 🄰 🈂 ⑴ … ‥ ﹏ ․ ⁵ ₅ ª º µ Å K Ω ́ ̈"
RANGES = [
    (0x20, 0x7E), (0xA1, 0xFF), (0x100, 0x24F), (0x250, 0x2FF), (0x300, 0x36F), (0x370, 0x3FF), (0x400, 0x52F), (0x530, 0x5FF),
    (0x600, 0x6FF), (0x900, 0x97F), (0xE00, 0xE7F), (0x1100, 0x11FF), (0x1E00, 0x1FFF), (0x2000, 0x206F), (0x2070, 0x218F),
    (0x2190, 0x2BFF), (0x3000, 0x30FF), (0x3400, 0x34FF), (0x4E00, 0x9FFF), (0xA000, 0xABFF), (0xAC00, 0xD7A3), (0xF900, 0xFAFF),
    (0xFB00, 0xFFEF), (0x10000, 0x103FF), (0x1D400, 0x1D7FF), (0x1F000, 0x1FAFF), (0x20000, 0x2A6DF), (0x2F800, 0x2FA1F),
]


def words(rng: random.Random, language: str, count: int) -> str:
    chosen = [rng.choice(WORDS[language].split()) for _ in range(count)]
    return ("" if language in ("zh", "ja", "th") else " ").join(chosen)


def sentence(rng: random.Random, language: str) -> str:
    text = words(rng, language, rng.randint(3, 12))
    if rng.random() < 0.5:
        text = text[:1].upper() + text[1:]
    if rng.random() < 0.3:
        text += f" {rng.choice([7, 12, 365, 1984, 20_000, 3.5, '10%', '1,234.56', '٣٤', '२०'])}"
    return text + rng.choice([".", "!", "?", "…", "。", ";", ":", " -", ""])


def corpus(seed: int = SEED, lines: int = 4000) -> list[str]:
    """Lines to train small vocabularies on; half of them English, a fifth code."""
    rng = random.Random(seed)
    out = []
    for _ in range(lines):
        kind = rng.random()
        if kind < 0.2:
            out.append(rng.choice(CODE))
        elif kind < 0.6:
            out.append(sentence(rng, "en"))
        else:
            out.append(sentence(rng, rng.choice(list(WORDS))))
    return out


def random_text(rng: random.Random, length: int) -> str:
    low, high = rng.choice(RANGES)
    return "".join(chr(rng.randint(low, high)) for _ in range(length))


def mixture(rng: random.Random) -> str:
    """Fragments of every kind beside one another, which is where boundaries go wrong."""
    parts = []
    for _ in range(rng.randint(2, 6)):
        parts.append(
            rng.choice(
                [
                    lambda: words(rng, rng.choice(list(WORDS)), rng.randint(1, 3)),
                    lambda: rng.choice(BLANKS),
                    lambda: rng.choice(BLANKS) * rng.randint(1, 4),
                    lambda: rng.choice(SPECIALS),
                    lambda: rng.choice(EMOJI),
                    lambda: rng.choice(CONTROLS),
                    lambda: rng.choice("aeiounAEO가ก") + "".join(rng.choice(MARKS) for _ in range(rng.randint(1, 3))),
                    lambda: random_text(rng, rng.randint(1, 4)),
                    lambda: str(rng.randint(0, 10 ** rng.randint(1, 9))),
                    lambda: rng.choice(["'s", "'T", "'re", "'LL", "'ve", "'ſ", "’s", "n't", "'", "--", "...", "()", "_", "\\"]),
                    lambda: rng.choice(COMPATIBILITY),
                ]
            )()
        )
    return "".join(parts)


def strings(seed: int = SEED + 1) -> list[str]:
    """The strings that are compared, without repetition."""
    rng = random.Random(seed)
    out: list[str] = ["", " ", "a", "▁", "\0", "\ufeff"]
    out += BLANKS + CONTROLS + EMOJI + CODE
    out += [f"a{blank}b" for blank in BLANKS] + [f"{blank}a" for blank in BLANKS] + [f"a{blank}" for blank in BLANKS]
    out += [f"x{control}y" for control in CONTROLS]
    out += list(COMPATIBILITY.replace(" ", ""))
    for special in SPECIALS:
        out += [special, f"a{special}b", f"a {special} b", f"  {special}  ", f"{special}{special}", f"x{special}", f"{special}y"]
        out += [special.lower(), special[:-1], f"-{special}-", f"\n{special}\n"]
    for language in WORDS:
        for _ in range(18):
            out.append(sentence(rng, language))
        upper = sentence(rng, language)
        out += [upper.upper(), upper.lower(), unicodedata.normalize("NFD", upper), unicodedata.normalize("NFKC", upper)]
    out += ["".join(rng.choice(MARKS) for _ in range(n)) for n in (1, 2, 3, 8)]
    for base in "aeouAEO가कกश":
        out += [base + mark for mark in MARKS]
        out += [base + "".join(rng.sample(MARKS, 3)) for _ in range(3)]
    for low, high in RANGES:
        out += ["".join(chr(rng.randint(low, high)) for _ in range(rng.randint(1, 6))) for _ in range(12)]
    out += [" " * n for n in (2, 3, 4, 7, 15, 16, 17, 31, 64, 100)] + ["\n" * n for n in (2, 3, 5, 20)] + ["\t" * n for n in (2, 4, 9)]
    out += [" \n" * n for n in (1, 2, 5)] + ["\r\n" * n for n in (2, 3)] + ["  a   b    c     d"]
    out += [char * n for char in "aA0.-=_!中é😀" for n in (2, 3, 4, 5, 10, 33)]
    out += ["0" * n + "x" for n in (1, 2, 3, 4, 6, 9)] + [str(10**n) for n in range(12)] + ["1,000,000.5", "v1.2.3-beta", "٣٫١٤", "Ⅷ⅔²"]
    out += ["".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(n)) for n in (20, 60, 99, 100, 101, 250, 600)]
    out += ["".join(rng.choice("абвгдежзиклмн") for _ in range(200)), "漢字" * 40, "ab" * 300, "a\u0301" * 60, "Zürich" * 30]
    out += [mixture(rng) for _ in range(900)]
    out += [f"{text}{rng.choice(BLANKS)}" for text in (mixture(rng) for _ in range(60))]
    return list(dict.fromkeys(text for text in out if not any(0xD800 <= ord(c) <= 0xDFFF for c in text)))


if __name__ == "__main__":
    made = strings()
    print(len(made), "strings,", sum(map(len, made)), "characters")
