import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { render } from "./template.ts";
import { noSharedData, sharedData } from "../testing/shared-data.ts";
import { temporaryFolder } from "../testing/tiny-model.ts";
import { parseTokenizer } from "../tokenizer/tokenizer.ts";
import { chatTemplate } from "./chat.ts";

interface Golden {
  cases: {
    name: string;
    template: string;
    tokenizer: string;
    tokens: Record<string, string>;
    results: { text: string; rendered: string; ids: number[] }[];
  }[];
}
const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
const { cases } = JSON.parse(read("goldens/chat.json")) as Golden;

/** The chat template of a folder with these files. */
async function templateOf(files: Record<string, string>) {
  await using folder = await temporaryFolder();
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder.path, name), text);
  return await chatTemplate(folder.path);
}

const withConfig = (config: object) => templateOf({ "tokenizer_config.json": JSON.stringify(config) });

describe("a user's turn is rendered and tokenised as transformers does", () => {
  test.each(cases.map((golden) => [golden.name, golden] as const))("%s", async (_name, golden) => {
    const template = await withConfig({ chat_template: golden.template, ...golden.tokens });
    const tokenizer = parseTokenizer(read(`../tokenizer/goldens/${golden.tokenizer}.tokenizer.json`));
    for (const { text, rendered, ids } of golden.results) {
      const { prompt, content } = render(template, text);
      expect(prompt + content).toBe(rendered);
      expect([...tokenizer.tokenize(text, { template }).ids]).toEqual(ids);
    }
    expect(golden.results).toHaveLength(10);
  });

  test("the tokens with a name may be spelled as objects, and a list of templates holds a default", async () => {
    const template = await withConfig({
      bos_token: { content: "<s>", lstrip: false },
      chat_template: [
        { name: "tool_use", template: "{{ raise_exception('no tools') }}" },
        { name: "default", template: "{{ bos_token + messages[0].content }}!" },
      ],
    });
    expect(template).toMatchObject({ prefix: "<s>", suffix: "!", writesSpecialTokens: true });
    expect(template.trims).toBeUndefined();
  });

  test("a file of its own comes before the config", async () => {
    const config = JSON.stringify({ chat_template: "config {{ messages[0].content }}" });
    const files = {
      "tokenizer_config.json": config,
      "chat_template.jinja": "file {{ messages[0].content }}",
    };
    expect(await templateOf(files)).toMatchObject({ prefix: "file " });
  });

  test("SmolLM2's own", async ({ skip }) => {
    const folder = sharedData("weights-smollm2-135m");
    if (folder === undefined) {
      skip(noSharedData);
      return;
    }
    expect(await chatTemplate(folder)).toMatchObject({
      prefix:
        "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n<|im_start|>user\n",
      suffix: "<|im_end|>\n",
    });
  });

  test("Phi-3's own", async ({ skip }) => {
    const folder = sharedData("tokenizer-phi3-mini");
    if (folder === undefined) {
      skip(noSharedData);
      return;
    }
    expect(await chatTemplate(folder)).toMatchObject({
      prefix: "<|user|>\n",
      suffix: "<|end|>\n<|endoftext|>",
    });
  });
});

const loop =
  "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}{% endfor %}{% endfor %}{% endfor %}";
const doubling = (start: string, more: string, times: number) =>
  `{% set ns = namespace(s=${start}) %}{% for i in range(${times}) %}{% set ns.s = ns.s ${more} ns.s %}{% endfor %}{{ ns.s }}`;

describe("a template that cannot be used is refused with its reason", () => {
  test.each([
    ["none at all", undefined, /has none/],
    ["a broken one", "{% if %}", /cannot be used/],
    ["one that objects", "{{ raise_exception('only with a system turn') }}", /only with a system turn/],
    ["one that asks for the date", "{{ strftime_now('%d') ~ messages[0].content }}", /date/],
    ["one that drops the text", "hello", /does not appear/],
    ["one that says it twice", "{{ messages[0].content ~ messages[0].content }}", /more than once/],
    ["one that shouts", "{{ messages[0].content | upper }}", /does not appear/],
    ["one that whispers", "{{ messages[0].content | lower }}", /changes texts/],
    ["one that escapes", "{{ messages[0].content | replace('<', '&lt;') }}", /changes texts/],
    ["one that trims one side", "{{ messages[0].content.rstrip() }}", /changes texts/],
    ["one that counts", "{{ messages[0].content | length }} {{ messages[0].content }}", /changes texts/],
    ["one that is too long", "x".repeat(300_000), /more than 262144 bytes/],
    [
      "one that reaches for the machine",
      "{{ messages.constructor.constructor('return process')() }}",
      /cannot be used/,
    ],
    ["one with an endless range", "{{ range(1000000000) | length }}", /range of more than/],
    ["one that calls itself", "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", /cannot be used/],
    ["one that nests deeply", `{{ ${"(".repeat(50_000)}1${")".repeat(50_000)} }}`, /cannot be used/],
    ["one that floods", doubling("'0123456789abcdef'", "~", 17), /more than 1048576 bytes/],
    ["one that doubles a list", doubling("[1]", "+", 60), /too much memory or time/],
    ["one that doubles a string", doubling("'0123456789abcdef'", "~", 60), /cannot be used/],
    ["one that never ends", loop, /too much memory or time/],
  ])("%s", async (_name, template, message) => {
    const refused = expect.objectContaining({
      code: "template/unusable",
      message: expect.stringMatching(message) as string,
    });
    await expect(withConfig(template === undefined ? {} : { chat_template: template })).rejects.toEqual(
      refused,
    );
  });
});
