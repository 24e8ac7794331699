import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Model, Run } from "@espalier/contract";
import { Encoder } from "@espalier/encoder";
import { truncateCheckpoint } from "@espalier/model";
import { chooseEngine } from "@espalier/engine";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { checksums } from "../../packages/model/src/testing/hub-download.ts";
import type { SeenRequest } from "../../packages/model/src/testing/hub-server.ts";
import { demoModel, isRunning, until, type TestWorker } from "../worker/pool.ts";
import { startHubService, type HubService } from "./service.ts";

let service: HubService;
let commit: string;
let folder: string;
const workers: TestWorker[] = [];
const hubToken = "hf_secret_of_a_client";

const start = async (environment?: Record<string, string>) => {
  const worker = await service.worker(environment);
  workers.push(worker);
  return worker;
};
const importHub = (source: { hub: string; revision?: string; layers?: number }, token?: string) =>
  service.client.models.create(
    { name: source.hub, source, replace: true },
    token === undefined ? {} : { hubToken: token },
  );
const attempts = (run: Run) => service.pool.store.runs.attempts(service.pool.teamId, run.id);
const isWeights = ({ server }: SeenRequest): boolean => server === "storage";
/** Makes the hub fall silent in the middle of the weights. */
const hold = (): void => {
  service.hub.misbehave = (request) => (isWeights(request) ? { holdAfter: 300_000 } : undefined);
};
const sent = (): number =>
  service.hub.requests.filter(isWeights).reduce((sum, request) => sum + request.sent, 0);
const arrived = (run: Run) =>
  until(async () => {
    const { progress } = await service.client.runs.get(run.id);
    return progress?.phase === "download" && progress.unit === "bytes" && progress.done >= 300_000;
  });

/** Fetches a model's files over REST into a new folder. */
async function fetchModel({ id, files }: Model): Promise<string> {
  const target = join(folder, id);
  await mkdir(target);
  for (const { name, artifactId } of files) {
    const response = await service.client.artifacts.content(artifactId);
    await writeFile(join(target, name), new Uint8Array(await response.arrayBuffer()));
  }
  return target;
}

async function embed(directory: string): Promise<number[][]> {
  const engine = chooseEngine("onnx-cpu");
  const encoder = await Encoder.load(directory, {
    engine,
    pooling: "mean",
    maxLength: 64,
    chunkTokens: 512,
  });
  try {
    const vectors = await encoder.embed(["A cat sleeps.", "The engine runs."], {});
    return vectors.map((vector) => Array.from(vector));
  } finally {
    await encoder.close();
  }
}

async function expectNothingLeft(model: Model, run: Run): Promise<void> {
  const { store, teamId, folder: data } = service.pool;
  await expect(store.models.get(teamId, model.id)).rejects.toMatchObject({ code: "resource/not-found" });
  expect(await store.artifacts.ofRun(teamId, run.id)).toEqual([]);
  await until(async () => !(await readdir(join(data, "scratch"))).includes("downloads"), 10);
  expect(await readdir(join(data, "data", "runs", run.id)).catch(() => [])).toEqual([]);
}

beforeAll(async () => {
  service = await startHubService();
  folder = await mkdtemp(join(tmpdir(), "espalier-imported-"));
  commit = await service.hub.addFolder("org/demo", demoModel);
  await service.hub.addFolder("org/private", demoModel, { token: hubToken });
});
beforeEach(() => {
  service.hub.misbehave = () => undefined;
  service.hub.requests.length = 0;
});
afterEach(async () => {
  for (const { process: child } of workers.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await until(async () => child.signalCode !== null);
  }
});
afterAll(async () => {
  await service?.close();
  await rm(folder, { recursive: true, force: true });
});

describe("an import over REST", () => {
  it("is IMPORTING, then READY with the hub's bytes and commit, and embeds like the original", async () => {
    await start();
    const { model, run } = await importHub({ hub: "org/demo" });
    expect(model).toMatchObject({
      name: "org/demo",
      state: "IMPORTING",
      source: { hub: "org/demo" },
      files: [],
    });
    const { result } = await service.pool.end(run.id);
    expect(result).toEqual({ modelId: model.id });
    const ready = await service.client.models.get(model.id);
    expect(ready).toMatchObject({
      state: "READY",
      source: { hub: "org/demo", commit },
      architecture: { type: "llama", layers: 12, dtype: "BF16" },
    });
    const { items } = await service.client.runs.logs(run.id);
    expect(items.map(({ message }) => message)).toContain(`org/demo was downloaded at commit ${commit}.`);
    const fetched = await fetchModel(ready);
    expect(await checksums(fetched)).toEqual(await checksums(demoModel));
    expect(await embed(fetched)).toEqual(await embed(demoModel));
    await until(async () => !(await readdir(join(service.pool.folder, "scratch"))).includes("downloads"), 10);
  });

  it("with layers is what pruning the whole model gives, for a part of its bytes", async () => {
    await start();
    const { model, run } = await importHub({ hub: "org/demo", layers: 3 });
    await service.pool.end(run.id);
    const ready = await service.client.models.get(model.id);
    expect(ready).toMatchObject({ source: { layers: 3, commit }, architecture: { layers: 3 } });
    const cut = join(folder, "cut");
    await truncateCheckpoint(demoModel, cut, 3);
    expect(await checksums(await fetchModel(ready))).toEqual(await checksums(cut));
    expect(sent()).toBeLessThan(0.6 * service.hub.bytesOf("org/demo", "model.safetensors"));
  });

  it.each([
    ["a name that leads elsewhere", { hub: "../etc" }, "/source/hub"],
    ["a URL", { hub: "http://169.254.169.254/x" }, "/source/hub"],
    ["a revision that leads elsewhere", { hub: "org/demo", revision: "../main" }, "/source/revision"],
    ["an endpoint", { hub: "org/demo", endpoint: "http://localhost" }, "/source/endpoint"],
    ["no layers", { hub: "org/demo", layers: 0 }, "/source/layers"],
  ])("refuses %s", async (_, source, field) => {
    await expect(service.client.models.create({ name: "x", source })).rejects.toMatchObject({
      code: "request/invalid",
      facts: { field },
    });
  });
});

describe("a token", () => {
  it("opens a private repository for its import alone, and is told to nobody", async () => {
    const worker = await start();
    hold();
    const { model, run } = await importHub({ hub: "org/private" }, hubToken);
    await arrived(run);
    const pid = await service.pool.childOf(worker);
    for (const file of ["environ", "cmdline"])
      expect(await readFile(`/proc/${pid}/${file}`, "utf8")).not.toContain(hubToken);
    // Job data of the queue, which lies in this database too, and everything else.
    const everything = await service.sql<{ text: string }>(
      `select query_to_xml(format('select * from %I.%I', table_schema, table_name), true, false, '')::text as text
       from information_schema.tables where table_schema not in ('pg_catalog', 'information_schema')`,
    );
    expect(everything.map(({ text }) => text).join()).toContain(run.id);
    expect(everything.map(({ text }) => text).join()).not.toContain(hubToken);
    const before = service.hub.requests.length;
    service.hub.misbehave = () => undefined;
    process.kill(pid, "SIGKILL");
    await service.pool.end(run.id);
    expect((await service.client.models.get(model.id)).state).toBe("READY");
    // The next attempt opens it again, and goes on where the killed one was.
    expect((await attempts(run)).map(({ state }) => state)).toEqual(["FAILED", "SUCCEEDED"]);
    const after = service.hub.requests.slice(before).filter(isWeights);
    expect(after.reduce((sum, request) => sum + request.sent, 0)).toBeLessThanOrEqual(
      service.hub.bytesOf("org/private", "model.safetensors") - 100_000,
    );
    expect(await service.sql("select * from run_secret")).toEqual([]);
    expect(worker.log()).not.toContain(hubToken);
    expect(service.log()).not.toContain(hubToken);
    const tokens = (server: string) =>
      service.hub.requests
        .filter((each) => each.server === server)
        .map(({ headers }) => headers.authorization);
    expect(new Set(tokens("hub"))).toEqual(new Set([`Bearer ${hubToken}`]));
    expect(new Set(tokens("storage"))).toEqual(new Set([undefined]));
  });

  it("of the pool opens nothing for a team unless the operator shares it", async () => {
    const keeps = await start({ HF_TOKEN: hubToken });
    const refused = await importHub({ hub: "org/private" });
    const { problem } = await service.pool.end(refused.run.id, "FAILED");
    expect(problem).toMatchObject({
      code: "hub/access-denied",
      detail: expect.stringContaining("send a token"),
    });
    await expectNothingLeft(refused.model, refused.run);
    keeps.process.kill("SIGKILL");
    await start({ HF_TOKEN: hubToken, ESPALIER_SHARE_HF_TOKEN: "1" });
    const { run } = await importHub({ hub: "org/private" });
    await service.pool.end(run.id);
  });

  it("is refused without being quoted when it is none", async () => {
    const error = await importHub({ hub: "org/private" }, "hf with blanks").catch((each: unknown) => each);
    expect(error).toMatchObject({ code: "request/invalid" });
    expect(String(error)).not.toContain("blanks");
  });
});

describe("a download that is interrupted", () => {
  it("goes on under the next worker of the host when its worker is killed", async () => {
    const worker = await start();
    hold();
    const { run } = await importHub({ hub: "org/demo" });
    await arrived(run);
    const child = await service.pool.childOf(worker);
    worker.process.kill("SIGKILL");
    await until(async () => !(await isRunning(child)), 10);
    service.hub.misbehave = () => undefined;
    service.hub.requests.length = 0;
    await service.sql("update run set lease_until = now() - interval '1 s' where id = $1", [run.id]);
    await service.sql("update worker_pulse set held = '{}'");
    await start();
    await service.pool.end(run.id);
    expect((await attempts(run)).map(({ state }) => state)).toEqual(["LOST", "SUCCEEDED"]);
    expect(sent()).toBeLessThanOrEqual(service.hub.bytesOf("org/demo", "model.safetensors") - 100_000);
  });

  it("goes on after SIGTERM, and the attempt is not charged", async () => {
    const worker = await start();
    hold();
    const { run } = await importHub({ hub: "org/demo" });
    await arrived(run);
    worker.process.kill("SIGTERM");
    await until(async () => worker.process.exitCode !== null, 20);
    service.hub.misbehave = () => undefined;
    service.hub.requests.length = 0;
    await start();
    await service.pool.end(run.id);
    expect((await attempts(run)).map(({ state }) => state)).toEqual(["RETURNED", "SUCCEEDED"]);
    expect(sent()).toBeLessThanOrEqual(service.hub.bytesOf("org/demo", "model.safetensors") - 100_000);
  });

  it("ends within 10 s when it is cancelled, and leaves nothing", async () => {
    const worker = await start();
    hold();
    const { model, run } = await importHub({ hub: "org/demo" });
    await arrived(run);
    const child = await service.pool.childOf(worker);
    const asked = performance.now();
    await service.client.runs.cancel(run.id);
    await service.pool.end(run.id, "CANCELLED");
    expect(performance.now() - asked).toBeLessThan(10_000);
    expect(await isRunning(child)).toBe(false);
    await expectNothingLeft(model, run);
  });
});

it("weights with NaN are found after the download, and nothing half-registered remains", async () => {
  await start();
  const files = Object.fromEntries(
    await Promise.all(
      (await readdir(demoModel)).map(async (name) => [name, await readFile(join(demoModel, name))] as const),
    ),
  );
  const weights = Buffer.from(files["model.safetensors"]);
  weights.set([0xff, 0x7f], weights.byteLength - 2);
  service.hub.add("org/broken", { ...files, "model.safetensors": weights });
  const { model, run } = await importHub({ hub: "org/broken" });
  const { problem } = await service.pool.end(run.id, "FAILED");
  expect(problem).toMatchObject({ code: "checkpoint/non-finite", file: "model.safetensors" });
  await expectNothingLeft(model, run);
});
