"""Writes packages/model/src/tokenizer-files/goldens: the ids that `AutoTokenizer` gives for small tokenizers whose folders say
something in tokenizer_config.json, special_tokens_map.json and added_tokens.json that tokenizer.json does not say.

Not needed by any test run. Run it once with each release of transformers, which writes release-4.json or release-5.json:
  python3 -m venv /tmp/oracle4 && /tmp/oracle4/bin/pip install torch transformers==4.57.6
  python3 -m venv /tmp/oracle5 && /tmp/oracle5/bin/pip install torch transformers==5.24.0
  /tmp/oracle4/bin/python tools/oracle/tokenizers/files_beside.py && /tmp/oracle5/bin/python tools/oracle/tokenizers/files_beside.py
"""

import json
import shutil
import tempfile
from pathlib import Path

import transformers

transformers.logging.set_verbosity_error()
model = Path(__file__).parents[3] / "packages/model/src"
tokenizers = model / "tokenizer/goldens"
release = int(transformers.__version__.split(".")[0])

TEXTS = [
    "Hello Wörld, don't 123!",
    " two  spaces 東京x",
    "a <extra> b<extra>c",
    "x <mask> y[MASK]z <s> </s>",
    "the<|endoftext|> cat\n<bos>dog",
    "Ünder <one>  <two> s<one>t",
]

EXTRA = {"additional_special_tokens": ["<extra>"]}


def added(content, **flags):
    return {"content": content, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": False, **flags}


# What every family is given, beside what its own class obeys.
GENERAL = [
    {},
    EXTRA,
    {"extra_special_tokens": ["<extra>", "<one>"]},
    {"extra_special_tokens": {"image_token": "<extra>"}},
    {"bos_token": "<one>", "eos_token": "<two>"},
    {"added_tokens_decoder": {"3000": added("<two>", rstrip=True), "2999": added("<one>", lstrip=True, special=True)}},
    {"added_tokens_decoder": {"2999": added("<one>", single_word=True)}, **EXTRA},
    {"mask_token": added("<mask>", lstrip=True, __type="AddedToken")},
    {"split_special_tokens": True},
    {"add_prefix_space": True},
    {"add_prefix_space": False},
    {"add_prefix_space": None},
]
BERT = [
    {"do_lower_case": True},
    {"do_lower_case": False},
    {"do_lower_case": False, "strip_accents": True},
    {"strip_accents": False},
    {"tokenize_chinese_chars": False},
    {"do_basic_tokenize": False, "never_split": ["x"]},
]
AROUND = [
    {"add_bos_token": False},
    {"add_eos_token": True},
    {"add_bos_token": True, "add_eos_token": True},
    {"legacy": True},
    {"legacy": False},
    {"add_bos_token": False, "legacy": True, "add_prefix_space": False},
]
# Family, its architecture, its class, and what that class may obey.
FAMILIES = [
    ("bert-uncased", "bert", "BertTokenizer", BERT),
    ("bert-cased", "bert", "BertTokenizer", BERT),
    ("bert-cased", "bert", "DistilBertTokenizerFast", BERT),
    ("roberta", "roberta", "RobertaTokenizer", []),
    ("xlm-roberta", "xlm-roberta", "XLMRobertaTokenizer", []),
    ("gpt2", "llama", "GPT2Tokenizer", AROUND[:3]),
    ("gpt2", "granite", "GPT2Tokenizer", []),
    ("gpt2", "olmo2", "GPTNeoXTokenizerFast", AROUND[:3]),
    ("gpt2", "llama", "GPTNeoXTokenizerFast", AROUND[:3]),
    ("smollm2", "llama", "GPT2Tokenizer", AROUND[:3]),
    ("llama2", "llama", "LlamaTokenizer", AROUND),
    ("llama2", "mistral", "LlamaTokenizerFast", AROUND),
    ("mistral", "mistral", "LlamaTokenizer", AROUND),
    ("phi3", "phi3", "LlamaTokenizer", AROUND),
    ("llama3", "llama", "PreTrainedTokenizerFast", AROUND[:3]),
    ("llama3", "llama", "LlamaTokenizerFast", AROUND[:3]),
    ("gemma", "gemma2", "GemmaTokenizer", AROUND[:3]),
    ("qwen2", "qwen2", "Qwen2Tokenizer", AROUND[:3]),
    ("qwen2", "qwen3", "Qwen2Tokenizer", []),
    ("deepseek", "qwen2", "LlamaTokenizerFast", AROUND[:2]),
    ("smollm2", "smollm3", "PreTrainedTokenizerFast", []),
]


# What the families after the first of a kind are given.
FEW = [{}, GENERAL[2], GENERAL[5], GENERAL[9]]


def cases():
    kinds = set()
    for family, architecture, name, own in FAMILIES:
        case = {"family": family, "architecture": architecture}
        kind = name.removesuffix("Fast")
        yield {**case, "files": {}}
        for given in (FEW if kind in kinds else GENERAL) + own:
            yield {**case, "files": {"tokenizer_config.json": {"tokenizer_class": name, **given}}}
        if kind in kinds:
            continue
        kinds.add(kind)
        for plain in ("PreTrainedTokenizerFast", "TokenizersBackend"):
            for given in FEW[:2]:
                yield {**case, "files": {"tokenizer_config.json": {"tokenizer_class": plain, **given}}}
        config = {"tokenizer_class": name}
        special = {"special_tokens_map.json": {"mask_token": added("<mask>", lstrip=True), "additional_special_tokens": ["<extra>"]}}
        older = {"added_tokens.json": {"<two>": 2999, "<one>": 3000}}
        yield {**case, "files": {"tokenizer_config.json": config, **special, **older}}
        yield {**case, "files": {"tokenizer_config.json": {**config, "added_tokens_decoder": {}}, **special, **older}}


def ids(case) -> list | None:
    """None where this release does not load the folder."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(tokenizers / f"{case['family']}.tokenizer.json", Path(folder) / "tokenizer.json")
        (Path(folder) / "config.json").write_text(json.dumps({"model_type": case["architecture"]}))
        for name, content in case["files"].items():
            (Path(folder) / name).write_text(json.dumps(content))
        try:
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
            return [tokenizer(text)["input_ids"] for text in TEXTS]
        except Exception as error:  # noqa: BLE001 - whatever it is, this release has no ids
            print(case, type(error).__name__, str(error)[:100])
            return None


DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def packed(found: list | None) -> str | None:
    """Two digits in base 64 for each id."""
    return found and " ".join("".join(DIGITS[i >> 6] + DIGITS[i & 63] for i in one) for one in found)


out = model / "tokenizer-files/goldens"
out.mkdir(exist_ok=True)
compact = lambda value: json.dumps(value, ensure_ascii=True, separators=(",", ":"))
every = list(cases())
if release == 4:
    (out / "cases.json").write_text("[\n" + ",\n".join(map(compact, every)) + "\n]\n")
head = {"transformers": transformers.__version__, "texts": TEXTS}
# Ids that are those of the case before are written once.
lines, before = [], ""
for case in every:
    found = packed(ids(case))
    lines.append('"="' if found == before else compact(found))
    before = found
(out / f"release-{release}.json").write_text(compact(head)[:-1] + ',"ids":[\n' + ",\n".join(lines) + "\n]}\n")
print(len(every), "cases")
