import { newId, type Architecture } from "@espalier/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTestStore, problemOf, type TestStore } from "../../../../test/servers/store.ts";

let store: TestStore;
beforeAll(async () => void (store = await openTestStore()));
afterAll(() => store.discard());

const architecture: Architecture = {
  type: "llama",
  layers: 4,
  hiddenSize: 8,
  vocabularySize: 9,
  parameters: 0,
  dtype: "BF16",
};
async function* bytes(text: string) {
  yield Buffer.from(text);
}
const missing = { code: "resource/not-found" };
const conflict = { code: "resource/conflict" };

async function uploaded(): Promise<string> {
  const { id } = await store.uploads.create(store.teamId);
  await store.uploads.putFile(store.teamId, id, "config.json", bytes("{}"));
  await store.uploads.putFile(store.teamId, id, "model.safetensors", bytes("weights"));
  return id;
}
const register = async (uploadId: string) =>
  store.models.register({ teamId: store.teamId, name: "base", uploadId, architecture });

describe("an upload", () => {
  it("keeps the last file of a name, and removes the bytes of the one before", async () => {
    const id = await uploaded();
    const before = await store.uploads.files(store.teamId, id);
    const upload = await store.uploads.putFile(store.teamId, id, "config.json", bytes('{"a":1}'));
    expect(upload.files.map(({ name, bytes }) => [name, bytes])).toEqual([
      ["config.json", 7],
      ["model.safetensors", 7],
    ]);
    await expect(store.bytes.pathOf(before[0].location)).rejects.toMatchObject({ code: "artifact/corrupt" });
    await store.uploads.remove(store.teamId, id);
    await expect(store.uploads.get(store.teamId, id)).rejects.toMatchObject(missing);
    await expect(store.bytes.pathOf(before[1].location)).rejects.toMatchObject({ code: "artifact/corrupt" });
  });

  it("leaves no file when the connection breaks", async () => {
    const { id } = await store.uploads.create(store.teamId);
    async function* broken() {
      yield Buffer.from("wei");
      throw new Error("cut");
    }
    await expect(store.uploads.putFile(store.teamId, id, "model.safetensors", broken())).rejects.toThrow(
      "cut",
    );
    expect((await store.uploads.get(store.teamId, id)).files).toEqual([]);
    await expect(register(id)).rejects.toMatchObject({ code: "upload/incomplete" });
    expect((await store.models.list(store.teamId)).items).toEqual([]);
  });

  it("is removed when it is old and unused, but not while a model is made of it", async () => {
    const [unused, used] = [await uploaded(), await uploaded()];
    await register(used);
    expect(await store.uploads.sweep(3600)).toBe(0);
    await store.sql("update upload set created_at = now() - interval '2 hours' where id = any($1)", [
      [unused, used],
    ]);
    expect(await store.uploads.sweep(3600)).toBe(1);
    await expect(store.uploads.get(store.teamId, unused)).rejects.toMatchObject(missing);
    expect((await store.uploads.files(store.teamId, used)).length).toBe(2);
  });
});

describe("an import", () => {
  it("makes its model READY with the architecture of its tensors, and removes the upload", async () => {
    const uploadId = await uploaded();
    const { model, run } = await register(uploadId);
    expect(model).toMatchObject({ state: "IMPORTING", bytes: 9, runId: run.id });
    expect(await store.models.get(store.teamId, model.id)).toEqual(model);
    await expect(register(uploadId)).rejects.toMatchObject(conflict);
    await expect(
      store.uploads.putFile(store.teamId, uploadId, "config.json", bytes("x")),
    ).rejects.toMatchObject(conflict);
    await expect(store.uploads.remove(store.teamId, uploadId)).rejects.toMatchObject(conflict);

    const { lease } = await store.claimed(run.id);
    const found = { ...architecture, parameters: 123 };
    await store.leases.succeed(lease, { result: { modelId: model.id }, architecture: found });
    expect(await store.models.get(store.teamId, model.id)).toEqual({
      ...model,
      state: "READY",
      architecture: found,
    });
    await expect(store.uploads.get(store.teamId, uploadId)).rejects.toMatchObject(missing);
    for (const file of await store.models.files(store.teamId, model.id)) await store.bytes.verify(file);
  });

  it("leaves no model when it fails or is cancelled, but the upload, for another try", async () => {
    const uploadId = await uploaded();
    for (const end of ["fail", "cancel"] as const) {
      const { model, run } = await register(uploadId);
      if (end === "cancel") await store.runs.cancel(store.teamId, run.id);
      else await store.leases.fail((await store.claimed(run.id)).lease, problemOf("checkpoint/malformed"));
      await expect(store.models.get(store.teamId, model.id)).rejects.toMatchObject(missing);
      expect(await store.artifacts.ofRun(store.teamId, run.id)).toEqual([]);
      await expect(store.runs.retry(store.teamId, run.id)).rejects.toMatchObject({
        code: "run/illegal-move",
      });
    }
    expect((await register(uploadId)).model.state).toBe("IMPORTING");
  });
});

describe("an import from a hub", () => {
  const source = { hub: "org/name", layers: 2 };
  const registerHub = () => store.models.registerHub({ teamId: store.teamId, name: "org/name", source });

  it("has no architecture and no files until it succeeds, and then has all of them at once, with the commit", async () => {
    const { model, run } = await registerHub();
    expect(model).toMatchObject({ state: "IMPORTING", files: [], bytes: 0, source, runId: run.id });
    expect(model.architecture).toBeUndefined();
    expect(await store.models.get(store.teamId, model.id)).toEqual(model);
    expect(run.spec).toEqual({ kind: "import", modelId: model.id, source });

    const { lease } = await store.claimed(run.id);
    const stored = await store.bytes.put(`runs/${run.id}/a1/output/config.json`, bytes("{}"));
    const artifact = { id: newId("artifact"), kind: "model-file" as const, name: "config.json", stored };
    await store.leases.succeed(lease, {
      result: { modelId: model.id },
      architecture,
      artifacts: [artifact],
      files: [{ name: "config.json", artifactId: artifact.id }],
      source: { ...source, commit: "c".repeat(40) },
    });
    expect(await store.models.get(store.teamId, model.id)).toEqual({
      ...model,
      state: "READY",
      architecture,
      bytes: 2,
      files: [{ name: "config.json", artifactId: artifact.id, bytes: 2 }],
      source: { ...source, commit: "c".repeat(40) },
    });
  });

  it("leaves no model when it does not succeed", async () => {
    const [failed, cancelled] = [await registerHub(), await registerHub()];
    await store.leases.fail((await store.claimed(failed.run.id)).lease, problemOf("hub/not-found"));
    await store.runs.cancel(store.teamId, cancelled.run.id);
    for (const { model } of [failed, cancelled])
      await expect(store.models.get(store.teamId, model.id)).rejects.toMatchObject(missing);
  });

  it("cannot become READY without an architecture", async () => {
    const { model, run } = await registerHub();
    const { lease } = await store.claimed(run.id);
    await expect(store.leases.succeed(lease, { result: { modelId: model.id } })).rejects.toThrow(
      /architecture/,
    );
    expect((await store.runs.get(store.teamId, run.id)).state).toBe("RUNNING");
    expect(await store.leases.unfinished([run.id, newId("run")])).toEqual([run.id]);
  });
});

describe("a successful run", () => {
  it("publishes its model with new files and files of its base, or nothing at all", async () => {
    const base = await register(await uploaded());
    await store.leases.succeed((await store.claimed(base.run.id)).lease, {
      result: { modelId: base.model.id },
    });
    const { id: runId } = await store.submit();
    const { lease } = await store.claimed(runId);
    const stored = await store.bytes.put(`runs/${runId}/a1/adapter`, bytes("adapter"));
    const adapter = newId("artifact");
    const success = (artifactId: string, id = newId("model")) => ({
      result: { modelId: id },
      artifacts: [{ id: adapter, kind: "adapter-file" as const, name: "adapter", stored, sources: [] }],
      model: {
        id,
        name: "trained",
        architecture,
        baseModelId: base.model.id,
        files: [
          { name: "config.json", artifactId: base.model.files[0].artifactId },
          { name: "adapter_model.safetensors", artifactId },
        ],
      },
    });
    await expect(store.leases.succeed(lease, success(newId("artifact")))).rejects.toThrow(/foreign key/);
    await expect(store.artifacts.get(store.teamId, adapter)).rejects.toMatchObject(missing);
    expect((await store.runs.get(store.teamId, runId)).state).toBe("RUNNING");

    const id = newId("model");
    await store.leases.succeed(lease, success(adapter, id));
    expect(await store.models.get(store.teamId, id)).toMatchObject({
      state: "READY",
      baseModelId: base.model.id,
      runId,
      bytes: 9,
    });
    expect(await store.artifacts.ofRun(store.teamId, runId)).toMatchObject([{ id: adapter, attempt: 1 }]);
    expect(await store.artifacts.stored(store.teamId, adapter)).toEqual(stored);
  });
});

describe("a dataset", () => {
  it("is registered with its bytes, and only its team finds it", async () => {
    const id = newId("dataset");
    const stored = await store.bytes.put(`datasets/${id}/rows.jsonl`, bytes("{}\n"));
    const dataset = await store.datasets.register({
      id,
      teamId: store.teamId,
      name: "nli",
      kind: "triplets",
      rows: 1,
      stored,
    });
    expect(await store.datasets.get(store.teamId, id)).toEqual(dataset);
    expect(await store.datasets.stored(store.teamId, id)).toEqual(stored);
    expect((await store.datasets.list(store.teamId)).items).toEqual([dataset]);
    const { id: stranger } = await store.teams.ensure("strangers");
    await expect(store.datasets.get(stranger, id)).rejects.toMatchObject(missing);
    await expect(store.artifacts.get(stranger, dataset.artifactId)).rejects.toMatchObject(missing);
  });
});
