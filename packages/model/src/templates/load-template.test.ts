import { namedTemplates } from "@espalier/contract";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { render, type Template } from "./template.ts";
import { temporaryFolder } from "../testing/tiny-model.ts";
import { loadTemplate } from "./load-template.ts";

const whole = (template: Template, text: string, instruction?: string): string => {
  const { prompt, content } = render(template, text, instruction);
  return prompt + content;
};

/** What `choice` makes of " a text " in a folder with this config. */
async function laidOut(
  choice: Parameters<typeof loadTemplate>[0],
  config: object,
  modelName?: string,
): Promise<string> {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "config.json"), JSON.stringify(config));
  return whole(await loadTemplate(choice, { directory: folder.path, modelName }), " a text ");
}

test.each([
  ["llama-3-instruct", "<|start_header_id|>user<|end_header_id|>\n\na text<|eot_id|>"],
  ["mistral-instruct", "[INST] a text [/INST]"],
  ["llama-2-chat", "[INST] a text [/INST]"],
  ["gemma-2-it", "<bos><start_of_turn>user\na text<end_of_turn>"],
  ["qwen2-instruct", "<|im_start|>user\na text<|im_end|>"],
  ["none", " a text "],
] as const)("%s", async (choice, expected) => {
  expect(await laidOut(choice, {})).toBe(expected);
});

test("every name in the contract has a template", async () => {
  for (const name of namedTemplates) expect((await loadTemplate(name, { directory: "." })).name).toBe(name);
});

test("auto goes by the model's name, with or without its organisation, or by what transformers was asked to load", async () => {
  expect(await laidOut("auto", {}, "Qwen/Qwen2-7B-Instruct")).toMatch(/^<\|im_start\|>/);
  expect(await laidOut("auto", {}, "qwen2-1.5b-instruct")).toMatch(/^<\|im_start\|>/);
  expect(await laidOut("auto", { _name_or_path: "google/gemma-2-9b-it" }, "mine")).toMatch(/^<bos>/);
  expect(await laidOut("auto", { _name_or_path: "google/gemma-2-9b" }, "b-instruct")).toBe(" a text ");
  expect(await laidOut("auto", { _name_or_path: ["x"] })).toBe(" a text ");
});

test("instruction and text are trimmed together, as Python trims", async () => {
  const template = await loadTemplate("mistral-instruct", { directory: "." });
  expect(whole(template, "a\u001f\u0085 ", "\u2003find")).toBe("[INST] find; a [/INST]");
  expect(whole(template, "\ufeffa\ufeff")).toBe("[INST] \ufeffa\ufeff [/INST]");
});
