import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { checksums, hubTrial, tinyLimits, type HubTrial } from "../testing/hub-download.ts";
import { truncateCheckpoint } from "../checkpoint/truncate.ts";
import { bytesOf, type Range } from "./ranges.ts";

const script = fileURLToPath(new URL("../testing/download-process.ts", import.meta.url));

/** Bytes of the weights that the journal vouches for. */
async function saved(folder: string): Promise<number> {
  const text = await readFile(join(folder, "download.json"), "utf8").catch(() => '{"files":{}}');
  const { files } = JSON.parse(text) as { files: Record<string, { have: Range[] }> };
  return Object.entries(files)
    .filter(([name]) => name.endsWith(".safetensors"))
    .reduce((sum, [, { have }]) => sum + bytesOf(have), 0);
}

const sentOfWeights = ({ hub }: HubTrial): number =>
  hub.requests.reduce((sum, { server, sent }) => sum + (server === "storage" ? sent : 0), 0);

/** Lets no answer of the storage server become longer than the headers of weights are. */
const hold = (trial: HubTrial): void => {
  trial.hub.misbehave = ({ server }) => (server === "storage" ? { holdAfter: 3_000 } : undefined);
};
const patient = { ...tinyLimits, silenceSeconds: 60 };
/** Fewer than arrive before the hub holds. */
const enough = 8_000;

/** Downloads in another process, and kills it in the middle. @returns bytes of weights that the journal vouches for */
async function killed(trial: HubTrial, layers?: number): Promise<number> {
  hold(trial);
  const { access, folder, output } = trial;
  const source = { hub: "org/tiny", ...(layers === undefined ? {} : { layers }) };
  const options = { access, folder, output, limits: patient };
  const child = spawn(process.execPath, ["--import", "tsx", script, JSON.stringify([source, options])], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  const exited = once(child, "exit");
  while ((await saved(folder)) < enough && child.exitCode === null) await sleep(10);
  child.kill("SIGKILL");
  expect(await exited).toEqual([null, "SIGKILL"]);
  // Its last requests may be seen only now, and must not count as those of the next download.
  await trial.hub.quiet();
  trial.hub.misbehave = () => undefined;
  trial.hub.requests.length = 0;
  return saved(folder);
}

/** Downloads in this process, and stops it in the middle. */
async function stopped(trial: HubTrial): Promise<void> {
  hold(trial);
  const stop = new AbortController();
  const ended = errorOf(trial.download({}, { signal: stop.signal, limits: patient }));
  while ((await saved(trial.folder)) < enough) await sleep(5);
  stop.abort();
  expect(await ended).toMatchObject({ name: "AbortError" });
  trial.hub.misbehave = () => undefined;
}

describe("after SIGKILL a download continues where the journal says it was", () => {
  test.each([
    ["one file", {}],
    ["shards", { shards: 3 }],
  ])("%s", async (_, model) => {
    await using trial = await hubTrial(model);
    const before = await killed(trial);
    await trial.download();
    expect(await checksums(trial.output)).toEqual(await checksums(trial.source));
    const files = Object.keys(await checksums(trial.source)).filter((name) => name.endsWith(".safetensors"));
    const total = files.reduce((sum, name) => sum + trial.hub.bytesOf("org/tiny", name), 0);
    expect(sentOfWeights(trial)).toBe(total - before);
    // The description and the small files are there already.
    expect(trial.hub.requests.every(({ path }) => path.includes("safetensors"))).toBe(true);
  });

  test("layers", async () => {
    await using trial = await hubTrial({ shards: 3 });
    const before = await killed(trial, 2);
    await trial.download({ layers: 2 });
    const sent = sentOfWeights(trial);
    await truncateCheckpoint(trial.source, `${trial.output}-whole`, 2);
    expect(await checksums(trial.output)).toEqual(await checksums(`${trial.output}-whole`));
    trial.output += "-again";
    await trial.download({ layers: 2 });
    expect(sentOfWeights(trial) - sent).toBe(sent + before);
  });

  test("at the commit that was pinned, though the branch has moved", async () => {
    await using trial = await hubTrial();
    await killed(trial);
    trial.hub.add("org/tiny", { "config.json": "{}" });
    expect(await trial.download()).toEqual({ commit: trial.commit });
    expect(await checksums(trial.output)).toEqual(await checksums(trial.source));
  });

  test("but starts a file again when its server has another etag by now", async () => {
    await using trial = await hubTrial();
    await killed(trial);
    trial.hub.misbehave = ({ server }) => (server === "storage" ? { headers: { etag: '"new"' } } : undefined);
    await trial.download();
    expect(await checksums(trial.output)).toEqual(await checksums(trial.source));
    expect(sentOfWeights(trial)).toBeGreaterThanOrEqual(trial.hub.bytesOf("org/tiny", "model.safetensors"));
  });
});

describe("what does not fit the journal is fetched anew:", () => {
  test.each<[string, (trial: HubTrial) => Promise<unknown>]>([
    ["a file that is gone", ({ folder }) => rm(join(folder, "model", "model.safetensors"))],
    ["a file of another size", ({ folder }) => truncate(join(folder, "model", "model.safetensors"), 10)],
    [
      "a journal that cannot be read",
      ({ folder }) => writeFile(join(folder, "download.json"), '{"version":1,'),
    ],
    ["a journal that is gone", ({ folder }) => rm(join(folder, "download.json"))],
    [
      "bytes that are not those of the file",
      ({ folder }) => overwrite(join(folder, "model", "model.safetensors")),
    ],
  ])("%s", async (_, harm) => {
    await using trial = await hubTrial();
    await stopped(trial);
    await harm(trial);
    await trial.download();
    expect(await checksums(trial.output)).toEqual(await checksums(trial.source));
  });

  test("another repository's download", async () => {
    await using trial = await hubTrial();
    await stopped(trial);
    const commit = await trial.hub.addFolder("org/other", trial.source);
    expect(await trial.download({ hub: "org/other" })).toEqual({ commit });
    expect(await checksums(trial.output)).toEqual(await checksums(trial.source));
  });
});

test("a download whose folder was taken over ends, and spoils nothing", async () => {
  await using trial = await hubTrial();
  hold(trial);
  const ended = errorOf(trial.download({}, { limits: patient }));
  while ((await saved(trial.folder)) < enough) await sleep(10);
  const { folder, output } = trial;
  trial.folder = `${folder}-taken`;
  await rename(folder, trial.folder);
  trial.output = `${output}-second`;
  trial.hub.misbehave = () => undefined;
  await trial.download();
  expect(await checksums(trial.output)).toEqual(await checksums(trial.source));
  expect(await ended).toMatchObject({ code: "ENOENT" });
  await expect(readFile(join(output, "config.json"))).rejects.toMatchObject({ code: "ENOENT" });
});

const errorOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

/** Flips bytes well behind the header, as a disk that lost its power may have. */
async function overwrite(path: string): Promise<void> {
  const bytes = await readFile(path);
  await writeFile(path, bytes.fill(0, 7_000, 9_000));
}
