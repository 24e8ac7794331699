import { readdir, readFile, statfs } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { isProblem } from "@espalier/contract";
import { describe, expect, test } from "vitest";
import { checksums, hubTrial, type HubTrial } from "../testing/hub-download.ts";
import type { Content } from "../testing/hub-server.ts";
import { safetensorsBytes } from "../testing/safetensors-bytes.ts";
import { tinyConfig } from "../testing/tiny-model.ts";
import { parseConfig } from "../checkpoint/config.ts";
import { expectedTensors } from "../architectures/tensors.ts";
import { parseRepository } from "./repository.ts";

const token = "hf_secret";

describe("a refusal of the hub says what to do", () => {
  test.each([
    [
      "a private repository without a token",
      { token },
      {},
      "hub/access-denied",
      /send a token if it is private/,
    ],
    [
      "a private repository with a wrong token",
      { token },
      { token: "hf_other" },
      "hub/access-denied",
      /send a token that may read it/,
    ],
  ] as const)("%s", async (_, options, access, code, words) => {
    await using trial = await hubTrial(options);
    await expect(trial.download({}, { access })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(words) as string,
    });
  });

  test("a gated repository, whose description anyone may read", async () => {
    await using trial = await hubTrial();
    trial.hub.add("org/gated", await contents(trial), { token, gated: true });
    await expect(trial.download({ hub: "org/gated" })).rejects.toMatchObject({
      code: "hub/access-denied",
      message: expect.stringContaining("accept its terms") as string,
    });
    await trial.download({ hub: "org/gated" }, { access: { token } });
  });

  test.each([
    [
      "a repository that does not exist",
      { hub: "org/none" },
      /no model org\/none; check the name; a private/,
    ],
    ["a revision that does not exist", { revision: "v9" }, /no revision v9/],
  ])("%s", async (_, asked, words) => {
    await using trial = await hubTrial();
    await expect(trial.download(asked)).rejects.toMatchObject({
      code: "hub/not-found",
      message: expect.stringMatching(words) as string,
    });
  });

  test("a file that is listed and not there", async () => {
    await using trial = await hubTrial();
    trial.hub.misbehave = ({ file }) =>
      file === "tokenizer.json" ? { status: 404, headers: { "x-error-code": "EntryNotFound" } } : undefined;
    await expect(trial.download()).rejects.toMatchObject({
      code: "hub/not-found",
      facts: { file: "tokenizer.json" },
    });
  });
});

test("a branch that moves during the download changes nothing", async () => {
  await using trial = await hubTrial();
  const before = trial.commit;
  const files = { ...(await contents(trial)), "config.json": "{}" };
  trial.hub.misbehave = ({ file }) => {
    if (file !== undefined) trial.hub.add("org/tiny", files);
    return undefined;
  };
  expect(await trial.download()).toEqual({ commit: before });
  expect(await checksums(trial.output)).toEqual(await checksums(trial.source));
});

test.each(["main", "refs/pr/1", "v1.0"])("the revision %s is found", async (revision) => {
  await using trial = await hubTrial();
  const commit = trial.hub.add("org/tiny", await contents(trial), { branch: revision });
  expect(await trial.download({ revision })).toEqual({ commit });
});

describe("a repository is refused before its weights are fetched", () => {
  const sharded = "model-00001-of-00001.safetensors";
  test.each<[string, (files: Record<string, Buffer>) => Record<string, Buffer | string>, object]>([
    [
      "without config.json",
      (files) => without(files, "config.json"),
      { code: "checkpoint/incomplete", facts: { file: "config.json" } },
    ],
    [
      "without tokenizer.json",
      (files) => without(files, "tokenizer.json"),
      { code: "checkpoint/incomplete", facts: { file: "tokenizer.json" } },
    ],
    [
      "with pickles only",
      (files) => ({ ...without(files, "model.safetensors"), "pytorch_model.bin": "x" }),
      { code: "checkpoint/incomplete" },
    ],
    [
      "of another architecture",
      (files) => ({ ...files, "config.json": '{"model_type":"rnn"}' }),
      { code: "config/unsupported" },
    ],
    [
      "with an index that leads out of the folder",
      (files) => ({ ...files, "model.safetensors.index.json": index("../../etc/passwd") }),
      { code: "checkpoint/malformed" },
    ],
    [
      "with an index of a shard that is not there",
      (files) => ({
        ...without(files, "model.safetensors"),
        "model.safetensors.index.json": index(sharded),
      }),
      { code: "checkpoint/incomplete", facts: { file: sharded } },
    ],
    [
      "with an index that is no JSON",
      (files) => ({ ...files, "model.safetensors.index.json": "{" }),
      { code: "checkpoint/malformed" },
    ],
    [
      "with a tokenizer that does not fit",
      (files) => ({ ...files, "tokenizer.json": '{"model":{"vocab":{"a":999}}}' }),
      { code: "tokenizer/mismatch" },
    ],
    [
      "with weights that are cut off",
      (files) => ({ ...files, "model.safetensors": files["model.safetensors"]!.subarray(0, 9_000) }),
      { code: "checkpoint/malformed" },
    ],
    [
      "with weights of five bytes",
      (files) => ({ ...files, "model.safetensors": "short" }),
      { code: "checkpoint/malformed" },
    ],
    [
      "with no weights in the file",
      (files) => ({ ...files, "model.safetensors": "" }),
      { code: "checkpoint/malformed" },
    ],
  ])("%s", async (_, change, problem) => {
    await using trial = await hubTrial();
    trial.hub.add("org/tiny", change(await contents(trial)));
    await expect(trial.download()).rejects.toMatchObject(problem);
    const sent = trial.hub.requestsFor("model.safetensors").reduce((sum, request) => sum + request.sent, 0);
    expect(sent).toBeLessThan(6_000);
  });

  test.each([
    ["a pickle", Buffer.concat([Buffer.from([0x80, 4, 0x95]), Buffer.alloc(40_000, 7)])],
    ["a zip archive", Buffer.concat([Buffer.from("PK\u0003\u0004"), Buffer.alloc(40_000, 7)])],
  ])("with %s that calls itself safetensors", async (_, bytes) => {
    await using trial = await hubTrial();
    trial.hub.add("org/tiny", { ...(await contents(trial)), "model.safetensors": bytes });
    await expect(trial.download()).rejects.toMatchObject({
      code: "upload/file-refused",
      facts: { file: "model.safetensors" },
    });
    expect(trial.hub.requestsFor("model.safetensors")).toHaveLength(1);
  });

  test.each([0, 5])("with %d of 4 layers asked for", async (layers) => {
    await using trial = await hubTrial();
    await expect(trial.download({ layers })).rejects.toMatchObject({ code: "layers/out-of-range" });
  });

  test("that the disk cannot hold, with both numbers", async ({ skip }) => {
    await using trial = await hubTrial();
    const { bavail, bsize } = await statfs(trial.folder);
    if (bavail * bsize > 7e12) skip("this disk could hold the model");
    const files = await contents(trial);
    const huge = {
      hidden_size: 65_536,
      head_dim: 4096,
      intermediate_size: 1_048_576,
      vocab_size: 4_194_304,
      num_hidden_layers: 8,
    };
    const config = JSON.stringify({ ...tinyConfig, ...huge });
    trial.hub.add("org/tiny", { ...files, "config.json": config, "model.safetensors": zeroWeights(config) });
    await expect(trial.download({}, { limits: { fileBytes: 2 ** 50 } })).rejects.toMatchObject({
      code: "worker/disk-full",
      message: expect.stringMatching(/needs [\d.]+ GB .* has [\d.]+ GB free/) as string,
    });
  });
});

async function contents(trial: HubTrial): Promise<Record<string, Buffer>> {
  const names = await readdir(trial.source);
  const files = names.map(async (name) => [name, await readFile(join(trial.source, name))] as const);
  return Object.fromEntries(await Promise.all(files));
}

const without = (files: Record<string, Buffer>, name: string): Record<string, Buffer> =>
  Object.fromEntries(Object.entries(files).filter(([each]) => each !== name));

const index = (shard: string): string =>
  JSON.stringify({ metadata: {}, weight_map: { "model.norm.weight": shard } });

/** The weights that a config asks for, all zero, and never in memory. */
function zeroWeights(config: string): Content {
  let offset = 0;
  const header: Record<string, object> = {};
  for (const [name, shape] of expectedTensors(parseConfig(config))) {
    const end = offset + 4 * shape.reduce((product, size) => product * size, 1);
    header[name] = { dtype: "F32", shape, data_offsets: [offset, end] };
    offset = end;
  }
  return { head: safetensorsBytes(header), zeros: offset };
}

test("no description of a repository does anything but parse or be refused", () => {
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom("config.json", "a".repeat(40), "../x", -1, 2 ** 60));
  const sibling = fc.record(
    { rfilename: value, size: value, blobId: value, lfs: fc.oneof(value, fc.record({ sha256: value })) },
    { requiredKeys: [] },
  );
  const description = fc.record({
    sha: value,
    siblings: fc.oneof(value, fc.array(fc.oneof(value, sibling))),
  });
  fc.assert(
    fc.property(fc.oneof<fc.Arbitrary<unknown>[]>(description, value), (each) => {
      try {
        parseRepository(JSON.stringify(each));
        return true;
      } catch (error) {
        if (isProblem(error)) return true;
        throw error;
      }
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ["a file twice", { siblings: [{ rfilename: "a" }, { rfilename: "a" }] }],
  ["no commit", { sha: "main" }],
  ["no size", { siblings: files({ size: undefined }) }],
  ["a size that is no length", { siblings: files({ size: -1 }) }],
  ["no checksum", { siblings: files({ blobId: undefined }) }],
  ["an LFS checksum that is none", { siblings: files({ lfs: { sha256: "../../x" } }) }],
])("a description with %s is refused", (_, change) => {
  const text = JSON.stringify({ sha: "a".repeat(40), siblings: files({}), ...change });
  expect(() => parseRepository(text)).toThrow(expect.objectContaining({ code: "hub/malformed" }));
});

function files(change: object): object[] {
  return ["config.json", "tokenizer.json", "model.safetensors"].map((rfilename) => ({
    rfilename,
    size: 7,
    blobId: "b".repeat(40),
    ...change,
  }));
}
