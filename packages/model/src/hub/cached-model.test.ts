import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { checksums, hubTrial, tinyLimits, type HubTrial } from "../testing/hub-download.ts";
import { cachedModel } from "./cached-model.ts";

const source = { hub: "org/tiny" };
const cacheOf = ({ folder, access }: HubTrial) => ({
  cache: join(folder, "cache"),
  access,
  limits: tinyLimits,
});

test("a model is downloaded once, lies under its commit, and is at hand when the hub is away", async () => {
  await using trial = await hubTrial();
  const options = cacheOf(trial);
  const seen: string[] = [];
  const folder = await cachedModel(source, { ...options, report: ({ phase }) => seen.push(phase) });
  expect(folder).toBe(join(options.cache, "org/tiny/commits", trial.commit));
  expect(await checksums(folder)).toEqual(await checksums(trial.source));
  expect(new Set(seen)).toEqual(new Set(["describe", "download", "verify"]));
  expect(await readdir(join(options.cache, "org/tiny/downloads"))).toEqual([]);

  const before = trial.hub.requests.length;
  trial.hub.misbehave = () => ({ status: 503 });
  for (const revision of ["main", trial.commit, undefined])
    expect(await cachedModel({ ...source, ...(revision && { revision }) }, options)).toBe(folder);
  expect(trial.hub.requests.length).toBe(before);
});

test("a branch keeps meaning the commit that it meant, until its folder is removed", async () => {
  await using trial = await hubTrial();
  const options = cacheOf(trial);
  const first = await cachedModel(source, options);
  const moved = await trial.hub.addFolder("org/tiny", trial.source, { branch: "main" });
  expect(await cachedModel(source, options)).toBe(first);
  await rm(first, { recursive: true });
  expect(await cachedModel(source, options)).toBe(join(options.cache, "org/tiny/commits", moved));
});

test("some layers are another folder of the same commit", async () => {
  await using trial = await hubTrial();
  const options = cacheOf(trial);
  const whole = await cachedModel(source, options);
  expect(await cachedModel({ ...source, layers: 1 }, options)).toBe(`${whole}-1-layers`);
});

test("a download that was broken off goes on, and asks for no byte twice", async () => {
  await using trial = await hubTrial();
  const options = cacheOf(trial);
  const stop = new AbortController();
  let arrived = 0;
  const report = ({ phase, done }: { phase: string; done: number }) => {
    if (phase === "download") arrived = done;
    if (arrived > 0) stop.abort();
  };
  await expect(cachedModel(source, { ...options, report, signal: stop.signal })).rejects.toMatchObject({
    name: "AbortError",
  });
  trial.hub.requests.length = 0;
  const folder = await cachedModel(source, options);
  expect(await checksums(folder)).toEqual(await checksums(trial.source));
  expect(trial.hub.requests.every(({ file }) => file?.endsWith(".safetensors"))).toBe(true);
});

test("of two that want the same model, the second waits for the first", async () => {
  await using trial = await hubTrial();
  const options = cacheOf(trial);
  trial.hub.misbehave = () => ({ pace: { bytes: 20_000, milliseconds: 5 } });
  const first = cachedModel(source, options);
  while (trial.hub.requests.length === 0) await sleep(5);
  const [one, two] = await Promise.all([first, cachedModel(source, options)]);
  expect(two).toBe(one);
  const described = trial.hub.requests.filter(({ path }) => path.includes("/api/models/"));
  expect(described).toHaveLength(1);
});
