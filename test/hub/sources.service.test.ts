import { createReadStream } from "node:fs";
import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { isProblem, isTerminal, type Model, type ProblemDocument } from "@espalier/contract";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { demoModel, until } from "../worker/pool.ts";
import { startHubService, type HubService } from "./service.ts";

let service: HubService;
let folder: string;

beforeAll(async () => {
  service = await startHubService();
  folder = await mkdtemp(join(tmpdir(), "espalier-sources-"));
  await service.worker();
  await service.hub.addFolder("org/demo", demoModel);
});
beforeEach(() => {
  service.onRequest = () => undefined;
});
afterAll(async () => {
  await service?.close();
  await rm(folder, { recursive: true, force: true });
});

type Refusal = Pick<ProblemDocument, "code" | "file">;

/** Imports by single calls of the REST API, one for each file. */
async function byUpload(directory: string): Promise<Refusal> {
  const { client } = service;
  try {
    const upload = await client.uploads.create();
    for (const name of await readdir(directory))
      await client.uploads.putFile(
        upload.id,
        name,
        Readable.toWeb(createReadStream(join(directory, name))) as ReadableStream<Uint8Array>,
      );
    const { run } = await client.models.create({ name: "uploaded", uploadId: upload.id });
    return (await service.pool.end(run.id, "FAILED")).problem!;
  } catch (error) {
    if (!isProblem(error)) throw error;
    return error.toDocument();
  }
}

async function byHub(directory: string): Promise<Refusal> {
  await service.hub.addFolder("org/broken", directory);
  const source = { hub: "org/broken" };
  const { run } = await service.client.models.create({ name: "downloaded", source });
  return (await service.pool.end(run.id, "FAILED")).problem!;
}

async function byFolder(directory: string): Promise<Refusal & { exit: number }> {
  const { code: exit, err, out } = await service.cli(["model", "import", directory, "--json"]);
  expect(out).toBe("");
  const { code, hint = "" } = JSON.parse(err.trim().split("\n").at(-1)!) as {
    code: Refusal["code"];
    hint?: string;
  };
  const [, file] = /file ([^,;]+)/.exec(hint) ?? [];
  return { code, exit, ...(file === undefined ? {} : { file }) };
}

describe("a model that is refused is refused alike from the hub, by upload and from a folder", () => {
  const edit = (name: string, change: (text: string) => string) => async (directory: string) => {
    const path = join(directory, name);
    await writeFile(path, change(await readFile(path, "utf8")));
  };
  it.each<[string, (directory: string) => Promise<void>, Refusal, number]>([
    [
      "config.json is missing",
      (at) => rm(join(at, "config.json")),
      { code: "checkpoint/incomplete", file: "config.json" },
      1,
    ],
    [
      "tokenizer.json is missing",
      (at) => rm(join(at, "tokenizer.json")),
      { code: "checkpoint/incomplete", file: "tokenizer.json" },
      1,
    ],
    [
      "the weights are missing",
      (at) => rm(join(at, "model.safetensors")),
      { code: "checkpoint/incomplete", file: "model.safetensors" },
      1,
    ],
    [
      "the weights are a pickle",
      (at) =>
        writeFile(
          join(at, "model.safetensors"),
          Buffer.concat([Buffer.from([0x80, 4, 0x95]), Buffer.alloc(500, 7)]),
        ),
      { code: "upload/file-refused", file: "model.safetensors" },
      1,
    ],
    [
      "the weights are cut off",
      (at) => truncate(join(at, "model.safetensors"), 2_000_000),
      { code: "checkpoint/malformed", file: "model.safetensors" },
      1,
    ],
    [
      "the architecture is unknown",
      edit("config.json", (text) => text.replace('"llama"', '"rnn"')),
      { code: "config/unsupported", file: "config.json" },
      1,
    ],
    [
      "the tokenizer is no JSON",
      edit("tokenizer.json", (text) => text.slice(1)),
      { code: "tokenizer/malformed", file: "tokenizer.json" },
      1,
    ],
    [
      "the index leads out of the folder",
      async (at) => {
        await rm(join(at, "model.safetensors"));
        await writeFile(join(at, "model.safetensors.index.json"), '{"weight_map":{"a":"../../etc/passwd"}}');
      },
      { code: "checkpoint/malformed", file: "model.safetensors.index.json" },
      1,
    ],
    [
      "the weights hold NaN",
      async (at) => {
        const path = join(at, "model.safetensors");
        const bytes = await readFile(path);
        bytes.set([0xff, 0x7f], bytes.byteLength - 2);
        await writeFile(path, bytes);
      },
      { code: "checkpoint/non-finite", file: "model.safetensors" },
      3,
    ],
  ])("%s", async (_, damage, refusal, exit) => {
    const directory = await mkdtemp(join(folder, "broken-"));
    await cp(demoModel, directory, { recursive: true });
    await damage(directory);
    const before = await service.sql("select id from model");
    expect(await byHub(directory)).toMatchObject(refusal);
    expect(await byUpload(directory)).toMatchObject(refusal);
    expect(await byFolder(directory)).toEqual({ ...refusal, exit });
    expect(await service.sql("select id from model")).toEqual(before);
  });
});

it("is described: a repository or an upload, and where a token goes", async () => {
  const { paths, components } = (await (await fetch(`${service.url}/openapi.json`)).json()) as {
    paths: Record<string, { post: { parameters: { name: string; in: string }[]; requestBody: object } }>;
    components: { schemas: Record<"ModelCreate" | "HubSource", object> };
  };
  const { parameters, requestBody } = paths["/v1/models"].post;
  expect(parameters).toContainEqual(expect.objectContaining({ name: "Hub-Token", in: "header" }));
  for (const field of ["uploadId", "hub", "revision", "layers"])
    expect(JSON.stringify([components.schemas.ModelCreate, components.schemas.HubSource])).toContain(
      `"${field}"`,
    );
  expect(JSON.stringify(requestBody)).toContain("/ModelCreate");
});

describe("espalier model import", () => {
  const json = (text: string) => JSON.parse(text.trim().split("\n").at(-1)!) as Model;

  it("registers a folder and a repository alike", async () => {
    const [local, remote] = [
      await service.cli(["model", "import", demoModel, "--name", "local", "--json"]),
      await service.cli(["model", "import", "hf:org/demo@main", "--name", "remote", "--json"]),
    ];
    expect([local.code, remote.code]).toEqual([0, 0]);
    const [one, other] = [json(local.out), json(remote.out)];
    expect(other.architecture).toEqual(one.architecture);
    expect(other.files.map(({ name, bytes }) => [name, bytes])).toEqual(
      one.files.map(({ name, bytes }) => [name, bytes]),
    );
    expect(one.source).toBeUndefined();
    expect(other.source).toMatchObject({
      hub: "org/demo",
      revision: "main",
      commit: expect.any(String) as string,
    });
  });

  it("names a cut model after its repository and depth, and shows it", async () => {
    const { code, out } = await service.cli(["model", "import", "hf:org/demo", "--keep", "2"]);
    expect(code).toBe(0);
    expect(out).toMatch(/org\/demo-2-layers +READY +2 /);
  });

  it.each([
    [["hf:org/none"], 3, /hub\/access-denied|hub\/not-found: The hub has no model org\/none; check the name/],
    [
      ["hf:org/demo@v9"],
      3,
      /FAILED hub\/not-found: org\/demo has no revision v9; check the branch, tag or commit/,
    ],
    [
      ["hf:org/demo", "--keep", "99"],
      3,
      /FAILED layers\/out-of-range: 99 layers cannot be kept of 12; choose 1 to 12/,
    ],
    [["hf:org/demo", "--keep", "two"], 2, /^error usage: /m],
    [["hf:../etc"], 2, /^error usage: `hf:..\/etc` names no repository; give hf:ORG\/NAME/m],
    [
      ["hf:org/demo", "--private"],
      2,
      /^error usage: --private sends the token in HF_TOKEN, which is not set/m,
    ],
    [["nowhere"], 5, /^error local\/not-found: .*nowhere does not exist/m],
    [["nowhere", "--keep", "2"], 2, /^error usage: --keep is for hf:ORG\/NAME/m],
  ])(
    "%j says what to do: a refusal in one line, a run that failed with its log",
    async (args, exit, line) => {
      const { code, out, err } = await service.cli(["model", "import", ...args]);
      expect({ code, out }).toEqual({ code: exit, out: "" });
      expect(line.multiline ? err : err.replaceAll(/\s+/g, " ")).toMatch(line);
      expect(err.trim().split("\n").length).toBeLessThanOrEqual(line.multiline ? 2 : 7);
    },
  );

  it("sends HF_TOKEN with --private, and only then", async () => {
    await service.hub.addFolder("org/private", demoModel, { token: "hf_mine" });
    const environment = { HF_TOKEN: "hf_mine" };
    const without = await service.cli(["model", "import", "hf:org/private"], environment);
    expect(without.err).toContain("error hub/access-denied: ");
    expect(without.err).toContain("--private sends it along");
    const { code } = await service.cli(["model", "import", "hf:org/private", "--private"], environment);
    expect(code).toBe(0);
  });

  it("goes on with an upload when the API is restarted in the middle of a file", async () => {
    let restarted: Promise<void> | undefined;
    const puts: string[] = [];
    service.onRequest = (method, path) => {
      if (method !== "PUT") return;
      puts.push(path.split("/").at(-1)!);
      if (path.endsWith("/model.safetensors")) restarted ??= service.restart();
    };
    const { code, err, out } = await service.cli([
      "model",
      "import",
      demoModel,
      "--name",
      "patient",
      "--json",
    ]);
    await restarted;
    expect({ code, err: code === 0 ? "" : err }).toEqual({ code: 0, err: "" });
    expect(err).toContain("model.safetensors is sent again");
    expect(json(out)).toMatchObject({ name: "patient", state: "READY" });
    // Files that had arrived are not sent again.
    expect(puts.filter((name) => name !== "model.safetensors")).toEqual([
      "config.json",
      "tokenizer.json",
      "tokenizer_config.json",
    ]);
    expect(puts.filter((name) => name === "model.safetensors").length).toBeGreaterThan(1);
  });

  it("detaches from a download, which goes on", async () => {
    const { code, out } = await service.cli(["model", "import", "hf:org/demo", "--detach", "--json"]);
    expect(code).toBe(0);
    const { run } = JSON.parse(out) as { run: { id: string } };
    await until(async () => isTerminal((await service.client.runs.get(run.id)).state));
    expect((await service.client.runs.get(run.id)).state).toBe("SUCCEEDED");
  });
});
