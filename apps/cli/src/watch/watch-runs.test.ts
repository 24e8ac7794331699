import { newId, Problem, type Event, type Run } from "@espalier/contract";
import { expect, test } from "vitest";
import { watchRuns } from "./watch-runs.ts";

const id = newId("run");
const at = new Date(0).toISOString();
const run = (fields: Partial<Run>): Run => ({
  id,
  kind: "train",
  state: "RUNNING",
  spec: { kind: "train", model: newId("model"), datasetId: newId("dataset") },
  class: "normal",
  priority: 0,
  needs: {},
  dependsOn: [],
  attempt: 1,
  createdAt: at,
  ...fields,
});
const never = async function* (): AsyncGenerator<Event> {
  // A stream without events.
};
const base = { show: () => undefined, note: () => undefined, signal: new AbortController().signal };

test("a service that is away for a while is waited for, and said so once", async () => {
  const notes: string[] = [];
  let asked = 0;
  const runs = await watchRuns({
    ...base,
    note: (line) => notes.push(line),
    events: never,
    async load() {
      asked += 1;
      if (asked <= 2) throw new Problem("service/unavailable", "away");
      return [run({ state: "SUCCEEDED" })];
    },
  });
  expect(runs[0]?.state).toBe("SUCCEEDED");
  expect(notes).toEqual(["the service does not answer; waiting for it", "the service answers again"]);
});

test("a problem that waiting cannot mend ends the watch", async () => {
  const load = () => Promise.reject(new Problem("resource/not-found", "no such run"));
  await expect(watchRuns({ ...base, events: never, load })).rejects.toThrow("no such run");
});

test("events move the progress, and news of an older attempt does not", async () => {
  const seen: (number | undefined)[] = [];
  let loads = 0;
  const progress = (attempt: number, done: number): Event => ({
    at,
    type: "run.progress",
    runId: id,
    attempt,
    progress: { phase: "train", done, total: 10, unit: "steps" },
  });
  await watchRuns({
    ...base,
    show: ([run]) => seen.push(run?.progress?.done),
    load: () => Promise.resolve([run({ attempt: 2, state: loads++ === 0 ? "RUNNING" : "SUCCEEDED" })]),
    async *events() {
      await new Promise((resolve) => setTimeout(resolve, 20));
      yield progress(1, 9);
      yield progress(2, 3);
      yield { id: "1", at, type: "run.state", runId: id, state: "SUCCEEDED", attempt: 2 };
    },
  });
  expect(seen).toContain(3);
  expect(seen).not.toContain(9);
});

test("a run that events have ended lasts as long as it did, not until it is loaded again", async () => {
  const seen: Run[] = [];
  let loads = 0;
  const moment = (seconds: number) => new Date(seconds * 1000).toISOString();
  const state = (state: Run["state"], attempt: number, seconds: number): Event => ({
    id: "1",
    at: moment(seconds),
    type: "run.state",
    runId: id,
    state,
    attempt,
  });
  const progress = { phase: "train", done: 3, total: 10, unit: "steps" };
  await watchRuns({
    ...base,
    show: (runs) => seen.push(...runs),
    load: () => Promise.resolve([run(loads++ === 0 ? { progress } : { state: "SUCCEEDED" })]),
    async *events() {
      await new Promise((resolve) => setTimeout(resolve, 20));
      yield state("RUNNING", 2, 7);
      yield { at: moment(8), type: "run.progress", runId: id, attempt: 2, progress };
      yield state("SUCCEEDED", 2, 9);
    },
  });
  const started = { attempt: 2, startedAt: moment(7) };
  const ended = { ...started, state: "SUCCEEDED", endedAt: moment(9), progress };
  expect(seen.slice(1, 4)).toMatchObject([{ ...started, state: "RUNNING" }, { ...started, progress }, ended]);
  expect(seen[1]).not.toHaveProperty("progress");
});

test("aborting rejects with the reason of the signal", async () => {
  const detach = new AbortController();
  const watching = watchRuns({
    ...base,
    signal: detach.signal,
    events: never,
    load: () => Promise.resolve([run({})]),
  });
  setTimeout(() => detach.abort(new Error("detached")), 20);
  await expect(watching).rejects.toThrow("detached");
});
