"""One small tokenizer of each family, trained on the generated corpus and laid out as published ones are."""

import io
import json
import tempfile
from collections import Counter
from pathlib import Path

import sentencepiece
from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# The shape of o200k: case-aware words with marks, contractions after the word.
CASED = "|".join(
    [
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    ]
)
DEEPSEEK = [
    r"\p{N}{1,3}",
    "[一-龥぀-ゟ゠-ヿ]+",
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
]


def special(content: str, **options) -> AddedToken:
    return AddedToken(content, special=True, normalized=options.pop("normalized", False), **options)


def train_bpe(tokenizer: Tokenizer, texts: list[str], size: int, alphabet: list[str] = (), specials=()) -> Tokenizer:
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=list(alphabet), special_tokens=list(specials), show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def byte_level(texts, pre_tokenizer, size=700, specials=("<|endoftext|>",), normalizer=None, **model) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(**model))
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    train_bpe(tokenizer, texts, size, pre_tokenizers.ByteLevel.alphabet())
    tokenizer.add_special_tokens([token if isinstance(token, AddedToken) else special(token) for token in specials])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def split_then_bytes(*patterns: str) -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in patterns]
        + [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )


def gpt2(texts):
    return byte_level(texts, pre_tokenizers.ByteLevel(add_prefix_space=False))


def roberta(texts):
    specials = ["<s>", "<pad>", "</s>", "<unk>", special("<mask>", lstrip=True)]
    tokenizer = byte_level(texts, pre_tokenizers.ByteLevel(add_prefix_space=True), specials=specials)
    ids = [(token, tokenizer.token_to_id(token)) for token in ("</s>", "<s>")]
    tokenizer.post_processor = processors.RobertaProcessing(*ids, trim_offsets=True, add_prefix_space=True)
    return tokenizer


def llama3(texts):
    specials = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
    tokenizer = byte_level(texts, split_then_bytes(LLAMA3), specials=specials, ignore_merges=True)
    # A word that no merge reaches: it is found whole because merges are ignored for it.
    tokenizer = edit(tokenizer, lambda file: file["model"]["vocab"].update({"Ġespalier": 2000, "zqzq": 2001}))
    begin = "<|begin_of_text|>"
    tokenizer.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(f"{begin} $A", f"{begin} $A {begin} $B:1", [(begin, tokenizer.token_to_id(begin))]),
        ]
    )
    return tokenizer


def qwen2(texts):
    tokenizer = byte_level(
        texts,
        split_then_bytes(QWEN2),
        specials=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        normalizer=normalizers.NFC(),
    )
    tokenizer.add_tokens([AddedToken("<|custom|>", normalized=False), AddedToken("éclair", normalized=True)])
    return tokenizer


def smollm2(texts):
    pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    return byte_level(texts, pre_tokenizer, specials=["<|endoftext|>", "<|im_start|>", "<|im_end|>"])


def cased(texts):
    return byte_level(texts, split_then_bytes(CASED))


def deepseek(texts):
    return byte_level(texts, split_then_bytes(*DEEPSEEK), specials=["<|endoftext|>", special("<|user|>", rstrip=True)])


def byte_normalized(texts):
    """Bytes by normalizer: added tokens that are normalized are found by their byte spelling."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.ByteLevel()
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("Ġ+"), "merged_with_next")
    train_bpe(tokenizer, texts, 500, pre_tokenizers.ByteLevel.alphabet())
    tokenizer.add_tokens([AddedToken("éclair", normalized=True), AddedToken(" Word", normalized=True)])
    return tokenizer


def edit(tokenizer: Tokenizer, change) -> Tokenizer:
    file = json.loads(tokenizer.to_str())
    change(file)
    return Tokenizer.from_str(json.dumps(file))


def sentencepiece_bpe(texts, specials=("<unk>", "<s>", "</s>"), size=900, fallback=True) -> Tokenizer:
    """Vocabulary and merges as the conversion from SentencePiece lays them out: a merge for every way to split a piece."""
    trained = Tokenizer(models.BPE())
    trained.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    trained.pre_tokenizer = pre_tokenizers.Split(Regex("▁+"), "merged_with_next")
    train_bpe(trained, [text.replace("\n", " ") for text in texts], size)
    pieces = [piece for piece, _ in sorted(trained.get_vocab().items(), key=lambda item: item[1])]
    characters = [piece for piece in pieces if len(piece) == 1]
    longer = [piece for piece in pieces if len(piece) > 1] + ["▁▁", "▁▁▁▁"]
    byte_pieces = [f"<0x{byte:02X}>" for byte in range(256)] if fallback else []
    vocabulary = {piece: index for index, piece in enumerate([*specials, *byte_pieces, *longer, *characters])}
    merges = []
    for piece in longer:
        splits = [(piece[:i], piece[i:]) for i in range(1, len(piece))]
        known = [(left, right) for left, right in splits if left in vocabulary and right in vocabulary]
        merges += sorted(known, key=lambda pair: (vocabulary[pair[0]], vocabulary[pair[1]]))
    return Tokenizer(
        models.BPE(vocab=vocabulary, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=fallback)
    )


def begin_template(tokenizer: Tokenizer, begin="<s>") -> processors.PostProcessor:
    return processors.TemplateProcessing(f"{begin} $A", f"{begin} $A {begin} $B:1", [(begin, tokenizer.token_to_id(begin))])


def llama2(texts):
    tokenizer = sentencepiece_bpe(texts)
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.add_special_tokens([special(token, normalized=True) for token in ("<unk>", "<s>", "</s>")])
    tokenizer.post_processor = begin_template(tokenizer)
    return tokenizer


def phi3(texts):
    tokenizer = sentencepiece_bpe(texts)
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.add_special_tokens([special("<unk>"), special("<s>")])
    tokenizer.add_tokens([AddedToken("</s>", rstrip=True, normalized=False)])
    tokenizer.add_special_tokens([special("<|endoftext|>"), *(special(t, rstrip=True) for t in ("<|user|>", "<|assistant|>", "<|end|>"))])
    return tokenizer


def mistral(texts):
    tokenizer = sentencepiece_bpe(texts)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first", split=False)
    tokenizer.add_special_tokens([special(token) for token in ("<unk>", "<s>", "</s>", "[INST]", "[/INST]")])
    tokenizer.post_processor = begin_template(tokenizer)
    return tokenizer


def metaspace_bpe(texts):
    tokenizer = sentencepiece_bpe(texts, fallback=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    tokenizer.add_special_tokens([special(token) for token in ("<unk>", "<s>", "</s>")])
    tokenizer.add_tokens([AddedToken("ESPALIER", single_word=True), AddedToken("Word", lstrip=True, rstrip=True)])
    return tokenizer


def gemma(texts):
    tokenizer = sentencepiece_bpe(texts, specials=("<pad>", "<eos>", "<bos>", "<unk>"))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.add_special_tokens([special(t) for t in ("<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>")])
    tokenizer.add_tokens([AddedToken("\n" * n, normalized=False) for n in (2, 3)])
    tokenizer.post_processor = begin_template(tokenizer, "<bos>")
    return tokenizer


# Rules of the charsmap: source characters, and what they become.
RULES = (
    [(chr(c), chr(c - 0xFEE0)) for c in range(0xFF01, 0xFF5E)]
    + [(chr(c), " ") for c in (0x9, 0xA, 0xD, 0xA0, 0x1680, *range(0x2000, 0x200C), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF)]
    + [(chr(c), "") for c in (*range(1, 9), 0xB, *range(0xE, 0x20), 0x7F, 0x8F, 0x9F, 0xAD)]
    + [("ﬁ", "fi"), ("ﬂ", "fl"), ("½", "1⁄2"), ("㎏", "kg"), ("℡", "TEL"), ("…", "..."), ("①", "1"), ("ﷺ", "صلى الله عليه وسلم")]
    + [("\uff76", "\u30ab"), ("\uff76\uff9e", "\u30ac"), ("\uff8a", "\u30cf"), ("\uff8a\uff9f", "\u30d1"), ("\uff9e", "\u3099")]
    + [("\u212b", "\u00c5"), ("\u212a", "K"), ("\uf900", "\u8c48"), ("\U0001d49c", "A"), ("a\u0301", "\u00e1"), ("e\u0301", "\u00e9")]
)


def charsmap(rules=RULES) -> bytes:
    """The rules, compiled to a double array by SentencePiece."""
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "rules.tsv"
        spelled = lambda text: " ".join(f"{ord(c):X}" for c in text)
        table.write_text("".join(f"{spelled(source)}\t{spelled(target)}\n" for source, target in rules))
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(["a b c d"] * 20),
            model_writer=model,
            vocab_size=8,
            hard_vocab_limit=False,
            normalization_rule_tsv=str(table),
            minloglevel=2,
        )
        proto = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue()).serialized_model_proto()
    return normalizer_spec_charsmap(proto)


def normalizer_spec_charsmap(proto: bytes) -> bytes:
    """Field 3 (normalizer_spec), in it field 2 (precompiled_charsmap), of sentencepiece_model.proto."""

    def fields(data: bytes):
        at = 0

        def varint():
            nonlocal at
            value = shift = 0
            while True:
                byte = data[at]
                at += 1
                value |= (byte & 0x7F) << shift
                shift += 7
                if byte < 0x80:
                    return value

        while at < len(data):
            key = varint()
            if key & 7 == 2:
                size = varint()
                yield key >> 3, data[at : at + size]
                at += size
            elif key & 7 == 0:
                yield key >> 3, varint()
            else:
                size = 4 if key & 7 == 5 else 8
                yield key >> 3, data[at : at + size]
                at += size

    spec = dict(fields(proto))[3]
    return dict(fields(spec))[2]


def unigram(texts, normalizer, pre_tokenizer, specials, size=800, fallback=False) -> Tokenizer:
    """Pieces and scores by SentencePiece, whose training is repeatable on one thread."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([text.replace("\n", " ") for text in texts]),
        model_writer=model,
        vocab_size=size,
        model_type="unigram",
        normalization_rule_name="identity",
        num_threads=1,
        minloglevel=2,
    )
    trained = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    numbers = [i for i in range(trained.get_piece_size()) if not (trained.is_unknown(i) or trained.is_control(i))]
    pieces = [(trained.id_to_piece(i), trained.get_score(i)) for i in numbers]
    byte_pieces = [(f"<0x{byte:02X}>", 0.0) for byte in range(256)] if fallback else []
    vocabulary = [(token, 0.0) for token in specials] + byte_pieces + pieces
    tokenizer = Tokenizer(models.Unigram(vocabulary, list(specials).index("<unk>"), fallback))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    return tokenizer


def xlm_roberta(texts):
    specials = ["<s>", "<pad>", "</s>", "<unk>"]
    normalizer = normalizers.Precompiled(charsmap())
    metaspace = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")])
    tokenizer = unigram(texts, normalizer, metaspace, specials)
    tokenizer.add_special_tokens([*(special(token) for token in specials), special("<mask>", lstrip=True)])
    ids = [(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A </s>", "<s> $A </s> </s> $B </s>", ids)
    return tokenizer


def t5(texts):
    specials = ["<pad>", "</s>", "<unk>"]
    normalizer = normalizers.Sequence(
        [normalizers.Precompiled(charsmap()), normalizers.Strip(left=False, right=True), normalizers.Replace(Regex(" {2,}"), "▁")]
    )
    tokenizer = unigram(texts, normalizer, pre_tokenizers.Metaspace(prepend_scheme="always"), specials, fallback=True)
    tokenizer.add_special_tokens([special(token) for token in specials])
    end = [("</s>", tokenizer.token_to_id("</s>"))]
    tokenizer.post_processor = processors.TemplateProcessing("$A </s>", "$A </s> $B </s>", end)
    return tokenizer


def nmt(texts):
    """Unigram without byte fallback behind normalizers that work on single characters."""
    normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " ")])
    tokenizer = unigram(texts, normalizer, pre_tokenizers.Metaspace(prepend_scheme="never", split=False), ["<unk>"], size=500)
    tokenizer.add_special_tokens([special("<unk>")])
    return tokenizer


BERT_SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def wordpiece(texts, lowercase: bool) -> Tokenizer:
    """Pieces of a byte-pair training, alone and as continuations: its training is repeatable, that of WordPiece is not."""
    normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    trained = Tokenizer(models.BPE())
    trained.normalizer = normalizer
    trained.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    train_bpe(trained, texts, 600)
    pieces = [piece for piece, _ in sorted(trained.get_vocab().items(), key=lambda item: item[1])]
    tokens = BERT_SPECIALS + pieces + [f"##{piece}" for piece in pieces]
    tokenizer = Tokenizer(models.WordPiece({token: i for i, token in enumerate(tokens)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens([special(token) for token in BERT_SPECIALS])
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def bert_uncased(texts):
    tokenizer = wordpiece(texts, lowercase=True)
    ids = [(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", ids)
    tokenizer.add_tokens([AddedToken("ESPALIER", single_word=True, normalized=True)])
    return tokenizer


def bert_cased(texts):
    tokenizer = wordpiece(texts, lowercase=False)
    ids = [(token, tokenizer.token_to_id(token)) for token in ("[SEP]", "[CLS]")]
    tokenizer.post_processor = processors.BertProcessing(*ids)
    return tokenizer


def word_level(texts):
    """Whole words behind the normalizers and pre-tokenizers that the others leave out."""
    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase(), normalizers.Strip(), normalizers.NFKD()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Whitespace(),
            pre_tokenizers.Punctuation("contiguous"),
            pre_tokenizers.CharDelimiterSplit("_"),
            pre_tokenizers.Digits(individual_digits=False),
            pre_tokenizers.FixedLength(7),
        ]
    )
    trainer = trainers.WordLevelTrainer(vocab_size=500, special_tokens=["[UNK]", "[CLS]"], show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens([AddedToken("éclair", normalized=True, single_word=True)])
    return tokenizer


def affixes(texts):
    """BPE with a prefix for what goes on and a suffix for what ends a word, as older models have, and unknown characters."""
    normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"), "removed", invert=True),
            pre_tokenizers.Punctuation("merged_with_previous"),
        ]
    )
    words = Counter()
    for text in texts:
        if text.isascii():
            words.update(piece for piece, _ in pre_tokenizer.pre_tokenize_str(normalizer.normalize_str(text)))
    vocabulary, merges = learn_affixed(words, prefix="@@", suffix="</w>", count=300)
    model = models.BPE(
        vocab={token: i for i, token in enumerate(["<unk>", *vocabulary])},
        merges=merges,
        unk_token="<unk>",
        continuing_subword_prefix="@@",
        end_of_word_suffix="</w>",
    )
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    return tokenizer


def learn_affixed(words: Counter, prefix: str, suffix: str, count: int):
    """Byte-pair training that can be repeated, which the library's with a prefix cannot."""
    spelled = {}
    for word in words:
        symbols = [character if i == 0 else prefix + character for i, character in enumerate(word)]
        symbols[-1] += suffix
        spelled[word] = symbols
    vocabulary = sorted({symbol for symbols in spelled.values() for symbol in symbols})
    merges = []
    for _ in range(count):
        pairs = Counter()
        for word, symbols in spelled.items():
            for pair in zip(symbols, symbols[1:]):
                pairs[pair] += words[word]
        left, right = max(pairs, key=lambda pair: (pairs[pair], pair))
        merged = left + right.removeprefix(prefix)
        merges.append((left, right))
        vocabulary.append(merged)
        for symbols in spelled.values():
            i = 0
            while i + 1 < len(symbols):
                if (symbols[i], symbols[i + 1]) == (left, right):
                    symbols[i : i + 2] = [merged]
                i += 1
    return list(dict.fromkeys(vocabulary)), merges


FAMILIES = [
    gpt2, roberta, llama3, qwen2, smollm2, cased, deepseek, byte_normalized, llama2, phi3, mistral, metaspace_bpe, gemma,
    xlm_roberta, t5, nmt, bert_uncased, bert_cased, word_level, affixes,
]  # fmt: skip
