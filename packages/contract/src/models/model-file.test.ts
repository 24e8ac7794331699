import { expect, test } from "vitest";
import { chooseModelFiles, insteadOfFile } from "./model-file.ts";

const complete = ["config.json", "tokenizer.json", "model.safetensors"];
const pooling = "1_Pooling/config.json";

test("the model's files are chosen by name; pickles, code, folders and paths are left alone", () => {
  const others = [
    "README.md",
    ".gitattributes",
    "pytorch_model.bin",
    "modeling_evil.py",
    "onnx/model.onnx",
    "../config.json",
    "sub/model.safetensors",
    "2_Dense/pytorch_model.bin",
    "2_Other/config.json",
    "2_Dense/../config.json",
    "sub/1_Pooling/config.json",
    "model-1-of-2.safetensors",
    "/etc/passwd",
    "config.json\0",
    "consolidated.safetensors",
  ];
  expect(chooseModelFiles([...others, ...complete])).toEqual([...complete].sort());
  const modules = [pooling, "2_Dense/config.json", "2_Dense/model.safetensors"];
  expect(chooseModelFiles([...complete, ...modules])).toEqual([...modules, ...complete].sort());
});

test.each(["config.json", "tokenizer.json", "model.safetensors"])("%s is missed by name", (file) => {
  const names = complete.filter((name) => name !== file);
  const problem = { code: "checkpoint/incomplete", facts: { file } };
  expect(() => chooseModelFiles(names)).toThrow(expect.objectContaining(problem));
});

test("weights in another format are named", () => {
  const names = ["config.json", "tokenizer.json", "pytorch_model.bin"];
  expect(() => chooseModelFiles(names)).toThrow(/only pytorch_model\.bin, which is not read; .*AutoModel/);
});

test.each<[what: string, names: string[], message: RegExp]>([
  ["a folder of the hub's cache", ["blobs", "refs", "snapshots", "snapshots/3c2f"], /give snapshots\/3c2f/],
  ["the hub's cache", ["models--org--name", "version.txt"], /give models--org--name\/snapshots/],
  [
    "an adapter without its base",
    ["adapter_config.json", "adapter_model.safetensors"],
    /adapter without its/,
  ],
  [
    "a GGUF file",
    ["model-Q4.gguf", "config.json", "tokenizer.json"],
    /model-Q4.gguf, which is for llama.cpp/,
  ],
  ["a GGUF file alone", ["model-Q4.gguf"], /for llama.cpp/],
  ["a sentencepiece model", ["config.json", "model.safetensors", "tokenizer.model"], /AutoTokenizer as A/],
  ["a vocabulary", ["config.json", "model.safetensors", "vocab.txt"], /only vocab.txt; to make it/],
])("%s is told by what it is, with what helps", (_, names, message) => {
  expect(() => chooseModelFiles(names)).toThrow(message);
});

test.each([
  ["model.zip", /unpack it/],
  ["a.tar.gz", /unpack it/],
  ["a.gguf", /llama.cpp/],
  ["model.safetensors", /the folder that holds it/],
  ["config.json", /the folder that holds it/],
  ["notes", /hf:ORG\/NAME/],
])("in place of %s is said what to give", (name, message) => {
  expect(insteadOfFile(name)).toMatch(message);
});

test("an adapter beside the model is refused rather than left behind", () => {
  const problem = { code: "config/unsupported", facts: { file: "adapter_config.json" } };
  expect(() => chooseModelFiles([...complete, "adapter_config.json"])).toThrow(
    expect.objectContaining(problem),
  );
});
