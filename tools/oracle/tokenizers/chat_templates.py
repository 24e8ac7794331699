"""Writes packages/model/src/templates/goldens/chat.json: user turns as transformers' `apply_chat_template` renders them.

The templates are written here; each lays a conversation out as a family of models does. See make_goldens.py for how to
run it, after it: the ids are those of its tokenizers.
"""

import json
from importlib.metadata import version
from pathlib import Path

from transformers import PreTrainedTokenizerFast

root = Path(__file__).parents[3] / "packages/encoder/src"

LLAMA3 = """\
{%- set opening = bos_token -%}
{%- for message in messages -%}
    {{- opening + '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' -}}
    {%- set opening = '' -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}
{%- endif -%}
"""

LLAMA31 = """\
{{- bos_token }}
{%- if not date_string is defined %}
    {%- if strftime_now is defined and false %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "01 Jan 2024" %}
    {%- endif %}
{%- endif %}
{%- if tools is not none %}{{- raise_exception("no tools here") }}{%- endif %}
{%- set ns = namespace(system="", count=0) %}
{%- if messages[0]["role"] == "system" %}
    {%- set ns.system = messages[0]["content"] | trim %}
    {%- set messages = messages[1:] %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\nToday: " ~ date_string ~ "\\n\\n" ~ ns.system ~ "<|eot_id|>" }}
{%- for message in messages %}
    {%- set ns.count = ns.count + 1 %}
    {{- "<|start_header_id|>%s<|end_header_id|>\\n\\n" | replace("%s", message.role) + message.content | trim + "<|eot_id|>" }}
{%- endfor %}
"""

MISTRAL = """\
{%- if messages[0]['role'] == 'system' %}
    {%- set system = messages[0]['content'] + '\\n\\n' %}
    {%- set turns = messages[1:] %}
{%- else %}
    {%- set system = '' %}
    {%- set turns = messages %}
{%- endif %}
{{- bos_token }}
{%- for turn in turns %}
    {%- if (turn['role'] == 'user') != (loop.index0 % 2 == 0) %}
        {{- raise_exception('roles must take turns') }}
    {%- endif %}
    {%- if turn['role'] == 'user' %}
        {{- ' [INST] ' + (system if loop.first else '') + turn['content'] + ' [/INST]' }}
    {%- else %}
        {{- ' ' + turn['content'] + eos_token }}
    {%- endif %}
{%- endfor %}
"""

QWEN2 = """\
{% for message in messages %}{% if loop.first and message.role != 'system' %}{{ '<|im_start|>system\\nYou are helpful.<|im_end|>\\n' }}{% endif %}{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"""

PHI3 = """\
{% for message in messages %}
{% if message['role'] in ['system', 'user', 'assistant'] %}
{{ '<|' + message['role'] + '|>\\n' + message['content'] + '<|end|>\\n' }}
{% endif %}
{% endfor %}
{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% else %}{{ eos_token }}{% endif %}"""

GEMMA = """\
{{ bos_token }}
{%- macro turn(role, text) -%}
<start_of_turn>{{ role }}
{{ text | trim }}<end_of_turn>
{% endmacro -%}
{%- for message in messages -%}
    {{- turn('model' if message['role'] == 'assistant' else message['role'], message['content']) -}}
{%- endfor -%}
"""

SMOLLM2 = """\
{% if messages[0]['role'] != 'system' %}{{ bos_token + 'system\\nYou answer briefly.' + eos_token + '\\n' }}{% endif %}
{% for message in messages %}
{{ bos_token + message['role'] + '\\n' + message['content'] + eos_token + '\\n' }}
{%- endfor %}
"""

ZEPHYR = """\
{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>\\n' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>\\n' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>\\n'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}"""

TEXTS = [
    "a garden", "  blanks around \n", "\u00a0\u2028 other blanks\u3000\u0085", "two\n\nlines\n", "a", "Größe 漢字 😀 e\u0301", "{{ x }} {% if %} {# c #}",
    "<s>[INST] & \"quotes\" 'too' <|im_end|>", "\ttab", "- list\n- of\n\n\n  things",
]  # fmt: skip

# Name, template, golden tokenizer for the ids, and its named tokens.
CASES = [
    ("llama-3", LLAMA3, "llama3", {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"}),
    ("llama-3.1", LLAMA31, "llama3", {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"}),
    ("mistral", MISTRAL, "mistral", {"bos_token": "<s>", "eos_token": "</s>"}),
    ("qwen2", QWEN2, "qwen2", {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}),
    ("phi-3", PHI3, "phi3", {"bos_token": "<s>", "eos_token": "<|endoftext|>"}),
    ("gemma", GEMMA, "gemma", {"bos_token": "<bos>", "eos_token": "<eos>"}),
    ("smollm2", SMOLLM2, "smollm2", {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>"}),
    ("zephyr", ZEPHYR, "llama2", {"bos_token": "<s>", "eos_token": "</s>"}),
]

made = []
for name, template, family, tokens in CASES:
    file = str(root / f"tokenizer/goldens/{family}.tokenizer.json")
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=file, chat_template=template, **tokens)
    results = []
    for text in TEXTS:
        chat = [{"role": "user", "content": text}]
        ids = tokenizer.apply_chat_template(chat, tokenize=True, return_dict=False)
        results.append({"text": text, "rendered": tokenizer.apply_chat_template(chat, tokenize=False), "ids": ids})
    made.append({"name": name, "template": template, "tokenizer": family, "tokens": tokens, "results": results})

out = root / "templates/goldens"
out.mkdir(parents=True, exist_ok=True)
versions = {package: version(package) for package in ("transformers", "jinja2", "tokenizers")}
(out / "chat.json").write_text(json.dumps({"versions": versions, "cases": made}, indent=1) + "\n")
