import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { demoModel, espalier } from "../../apps/cli/src/testing/espalier.ts";
import { startTestApi, type TestApi } from "../api/service.ts";

let api: TestApi;
let folder: string;
beforeAll(async () => {
  api = await startTestApi({ maxFileBytes: 1e7 });
  folder = await mkdtemp(join(tmpdir(), "espalier-brought-"));
  await writeFile(join(folder, "triplets.jsonl"), '{"query":"a","pos":["b"],"neg":["c"]}\n');
  await writeFile(join(folder, "sts.jsonl"), '{"sentence1":"a","sentence2":"b","score":1}\n');
});
afterAll(async () => {
  await api?.close();
  if (folder) await rm(folder, { recursive: true });
});

const weights = "model.safetensors";
const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${"0".repeat(64)}\nsize 4954368\n`;

/** What people have in place of a model's folder: files of the bundled model, other files, and what is said of them. */
interface Brought {
  keep: readonly string[];
  add?: Readonly<Record<string, string>>;
  said: RegExp;
  helps: RegExp;
  /** What is said of the same files when they are sent to the service one by one. */
  sent?: RegExp;
}

const brought: Readonly<Record<string, Brought>> = {
  "a folder of the hub's cache": {
    keep: [],
    add: { "snapshots/3c2f/README.md": "", "refs/main": "3c2f" },
    said: /folder of the hub's cache/,
    helps: /give snapshots\/3c2f in it/,
  },
  "the hub's cache": {
    keep: [],
    add: { "models--org--name/refs/main": "3c2f" },
    said: /this is the hub's cache/,
    helps: /give models--org--name\/snapshots\/COMMIT/,
  },
  "an adapter without its base": {
    keep: ["tokenizer.json"],
    add: { "adapter_config.json": '{"base_model_name_or_path":"org/base"}', "adapter_model.safetensors": "" },
    said: /adapter without its base/,
    helps: /copy adapter_config\.json and adapter_model\.safetensors into the folder/,
    sent: /an adapter.*merge it into its base.*espalier prune/,
  },
  "a folder of an early sentence-transformers": {
    keep: ["tokenizer.json"],
    add: { "modules.json": "[]", "0_Transformer/config.json": "{}" },
    said: /config\.json is missing; an early release of sentence-transformers put it in 0_Transformer/,
    helps: /save_pretrained\('OUT'\)/,
  },
  "a GGUF file beside the config": {
    keep: ["config.json", "tokenizer.json"],
    add: { "model-Q4.gguf": "GGUF" },
    said: /only model-Q4\.gguf, which is for llama\.cpp/,
    helps: /take the safetensors of the model that it was made from/,
    sent: /GGUF is for llama\.cpp/,
  },
  "a GGUF file under another name": {
    keep: ["config.json", "tokenizer.json"],
    add: { [weights]: "GGUF\u0003\0\0\0 and more of it" },
    said: /model\.safetensors is a GGUF file/,
    helps: /only safetensors weights are accepted/,
    sent: /model\.safetensors is a GGUF file/,
  },
  "a Git LFS pointer": {
    keep: ["config.json", "tokenizer.json"],
    add: { [weights]: pointer },
    said: /model\.safetensors is a Git LFS pointer/,
    helps: /git lfs pull/,
    sent: /model\.safetensors is a Git LFS pointer/,
  },
  "a Git LFS pointer for the tokenizer": {
    keep: ["config.json", weights],
    add: { "tokenizer.json": pointer },
    said: /tokenizer\.json is a Git LFS pointer/,
    helps: /git lfs pull/,
    sent: /tokenizer\.json is a Git LFS pointer/,
  },
  "tokenizer.model without tokenizer.json": {
    keep: ["config.json", weights],
    add: { "tokenizer.model": "spm" },
    said: /tokenizer\.json is missing, only tokenizer\.model/,
    helps: /AutoTokenizer/,
    sent: /tokenizer\.json is missing, only tokenizer\.model/,
  },
  "vocab.txt without tokenizer.json": {
    keep: ["config.json", weights],
    add: { "vocab.txt": "[PAD]\n" },
    said: /tokenizer\.json is missing, only vocab\.txt/,
    helps: /AutoTokenizer/,
    sent: /tokenizer\.json is missing, only vocab\.txt/,
  },
};

/** All read a folder by the same function, so that each kind is tried on some of them. */
const commands: readonly string[] = [
  "prune DIR out --keep 2",
  "l3prune DIR --triplets triplets.jsonl --out out",
  "train DIR --triplets triplets.jsonl --out out",
  "evaluate DIR --sts sts.jsonl",
  "export ./DIR --out out",
];
const kinds = Object.keys(brought);
const triedOn = (name: string): string[] => [
  "embed DIR text",
  "model import DIR",
  commands[kinds.indexOf(name) % commands.length],
];

async function make(name: string, { keep, add = {} }: Brought): Promise<string> {
  const place = join(folder, name.replaceAll(/\W/g, "-"));
  await mkdir(place, { recursive: true });
  for (const file of keep) await symlink(join(demoModel, file), join(place, file)).catch(() => undefined);
  for (const [file, text] of Object.entries(add)) {
    await mkdir(dirname(join(place, file)), { recursive: true });
    await writeFile(join(place, file), text);
  }
  return place;
}

test.each(Object.entries(brought))("commands tell %s by what it is, with what helps", async (name, each) => {
  const place = await make(name, each);
  for (const command of triedOn(name)) {
    const environment = { ESPALIER_URL: api.url, ESPALIER_KEY: api.key };
    const args = command.replace("./DIR", place).replace("DIR", place).split(" ");
    const { code, out, err } = await espalier(args, { cwd: folder, environment });
    expect({ command, code, out }).toEqual({ command, code: 1, out: "" });
    const said = err.replaceAll(/\s+/g, " ");
    expect([command, said]).toEqual([command, expect.stringMatching(each.said)]);
    expect([command, said]).toEqual([command, expect.stringMatching(each.helps)]);
  }
  expect(await readdir(folder)).not.toContain("out");
});

const sendable = Object.entries(brought).filter(([, { sent }]) => sent !== undefined);

test.each(sendable)("the service tells %s so too, at the file or at the model", async (name, each) => {
  const place = await make(name, each);
  const { id: uploadId } = await api.client.uploads.create();
  const sending = async (): Promise<void> => {
    for (const file of await readdir(place))
      await api.client.uploads.putFile(uploadId, file, await readFile(join(place, file)));
    await api.client.models.create({ name: name.replaceAll(/\W/g, "-"), uploadId });
  };
  await expect(sending()).rejects.toThrow(each.sent);
});

test("a folder of the hub's cache is a model at the snapshot that is named, though its files are links", async () => {
  const cache = join(folder, "models--org--demo");
  await cp(demoModel, join(cache, "blobs"), { recursive: true });
  await mkdir(join(cache, "snapshots/3c2f"), { recursive: true });
  for (const file of await readdir(join(cache, "blobs")))
    await symlink(join("../../blobs", file), join(cache, "snapshots/3c2f", file));
  const { code, out } = await espalier(["embed", join(cache, "snapshots/3c2f"), "text"], { cwd: folder });
  expect({ code, width: (JSON.parse(out) as number[]).length }).toEqual({ code: 0, width: 128 });
});
