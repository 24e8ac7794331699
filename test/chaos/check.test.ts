import { expect, it, describe } from "vitest";
import { adapterDigest } from "./adapter.ts";
import { check, type Invariant } from "./check.ts";
import type { ArtifactEntry, AttemptEntry, Entry, RunEntry } from "./history.ts";
import { lossOf, statesOf } from "./trainer/progression.ts";

const runId = "run-1";
const seed = 7;
const steps = 6;
const states = statesOf(seed, steps);

const run: RunEntry = { type: "run", runId, key: "a", state: "SUCCEEDED", attempt: 2, resumedFromStep: 4 };
const first: AttemptEntry = {
  type: "attempt",
  runId,
  number: 1,
  state: "LOST",
  startedAt: 1000,
  endedAt: 2000,
  checkpointStep: 4,
  code: "worker/lost",
};
const second: AttemptEntry = {
  type: "attempt",
  runId,
  number: 2,
  state: "SUCCEEDED",
  startedAt: 2500,
  endedAt: 3000,
};
const { checkpointStep: _saved, ...unsaved } = first;
const artifact = (name: string, sha256: string): ArtifactEntry => ({
  type: "artifact",
  runId,
  attempt: 2,
  kind: name === "manifest.json" ? "manifest" : "adapter-file",
  name,
  sha256,
  found: sha256,
});
const point = (step: number): Extract<Entry, { type: "metric" }> => ({
  type: "metric",
  runId,
  name: "loss",
  step,
  value: lossOf(states[step]),
  attempt: step > 4 ? 2 : 1,
});
const moves = (
  ["QUEUED", "DISPATCHED", "RUNNING", "QUEUED", "DISPATCHED", "RUNNING", "SUCCEEDED"] as const
).map((state, index): Entry => ({ type: "event", runId, state, attempt: index < 2 ? 0 : index < 5 ? 1 : 2 }));

/** A run that lost its first worker after step 4 and then succeeded. */
const sound = (): Entry[] => [
  { type: "submit", key: "a", seed, steps, script: {} },
  { type: "submitted", key: "a", runId },
  { ...run },
  { ...first },
  { ...second },
  ...moves,
  ...[1, 2, 3, 4, 5, 6].map(point),
  artifact("adapter_config.json", "c"),
  artifact("adapter_model.safetensors", adapterDigest(states[steps])),
  artifact("manifest.json", "m"),
];

it("finds nothing in a sound history", () => {
  expect(check(sound())).toEqual([]);
});

it("counts the failure of the attempt that saved last: nothing has been saved since", () => {
  const story = (failures: number): Entry[] => [
    { type: "submit", key: "a", seed, steps, script: { crash: 5 } },
    { type: "submitted", key: "a", runId },
    { ...run, state: "QUARANTINED", attempt: failures, code: "run/quarantined" },
    ...Array.from({ length: failures }, (_, index): Entry => ({
      ...(index === 0 ? first : unsaved),
      number: index + 1,
      startedAt: 1000 * index,
      endedAt: 1000 * index + 500,
    })),
  ];
  const charged = (failures: number) =>
    check(story(failures)).filter(({ invariant }) => invariant === "charged");
  expect(charged(3)).toEqual([]);
  expect(charged(2)).toMatchObject([{ detail: "it was given up after 2 failures without progress" }]);
});

it("lets a restored database forget runs, and points of those that it knows", () => {
  const restored: Entry = { type: "restored", forgotten: ["run-9"], known: [runId] };
  const history: Entry[] = [
    ...sound().filter((entry) => !isStep(3)(entry)),
    { type: "submit", key: "z", seed, steps, script: {} },
    { type: "submitted", key: "z", runId: "run-9" },
  ];
  expect(check(history)).toHaveLength(2);
  expect(check([...history, restored])).toEqual([]);
  expect(check([...history, restored, { ...run, runId: "run-9", key: "z" }]).length).toBeGreaterThan(0);
});

type Change = (history: Entry[]) => Entry[];
const without =
  (match: (entry: Entry) => boolean): Change =>
  (history) =>
    history.filter((entry) => !match(entry));
const changed =
  (match: (entry: Entry) => boolean, change: object): Change =>
  (history) =>
    history.map((entry) => (match(entry) ? { ...entry, ...change } : entry));
const added =
  (...entries: Entry[]): Change =>
  (history) => [...history, ...entries];
const isAttempt = (number: number) => (entry: Entry) => entry.type === "attempt" && entry.number === number;
const isRun = (entry: Entry) => entry.type === "run";
const isStep = (step: number) => (entry: Entry) => entry.type === "metric" && entry.step === step;
const isFile = (name: string) => (entry: Entry) => entry.type === "artifact" && entry.name === name;
const lastMove = (entry: Entry) => entry.type === "event" && entry.state === "SUCCEEDED";

const planted: [what: string, invariant: Invariant, change: Change][] = [
  ["an accepted run that is gone", "accounted", without(isRun)],
  [
    "a submission that made two runs",
    "accounted",
    added({ ...run, runId: "run-2", state: "CANCELLED", attempt: 0 }),
  ],
  ["two answers to one key", "accounted", added({ type: "submitted", key: "a", runId: "run-2" })],
  ["a run that nobody submitted", "accounted", added({ ...run, runId: "run-3", key: "b" })],
  ["a run that never ends", "accounted", changed(isRun, { state: "DISPATCHED" })],
  ["two ends", "accounted", added({ type: "event", runId, state: "SUCCEEDED", attempt: 2 })],
  ["two commits", "exclusive", changed(isAttempt(1), { state: "SUCCEEDED" })],
  ["two attempts at a time", "exclusive", changed(isAttempt(2), { startedAt: 1999 })],
  ["an attempt that never ended", "exclusive", changed(isAttempt(1), { endedAt: undefined })],
  ["a commit of an older attempt", "exclusive", changed(isRun, { attempt: 3 })],
  ["a step left out", "metrics", without(isStep(3))],
  ["a wrong value", "metrics", changed(isStep(5), { value: 0.5 })],
  ["a value that is not finite", "metrics", changed(isStep(5), { value: null })],
  ["a value of an attempt that was fenced off", "metrics", changed(isStep(6), { attempt: 1 })],
  ["a step that was never asked for", "metrics", added({ ...point(1), step: 7 })],
  ["a second value of a step", "metrics", added(point(2))],
  ["a start from the wrong step", "metrics", changed(isRun, { resumedFromStep: 2 })],
  ["bytes that are gone", "artifacts", changed(isFile("manifest.json"), { found: undefined })],
  ["bytes that differ from their record", "artifacts", changed(isFile("manifest.json"), { found: "x" })],
  ["another result", "artifacts", changed(isFile("adapter_model.safetensors"), { sha256: "x", found: "x" })],
  ["a file too few", "artifacts", without(isFile("adapter_config.json"))],
  ["files of a run that was cancelled", "artifacts", changed(isRun, { state: "CANCELLED" })],
  ["a file of a fenced attempt", "artifacts", changed(isFile("manifest.json"), { attempt: 1 })],
  ["a failure without a reason", "charged", changed(isRun, { state: "FAILED", code: undefined })],
  ["a failure that nothing explains", "charged", changed(isRun, { state: "FAILED", code: "internal/error" })],
  ["a run given up too soon", "charged", changed(isRun, { state: "FAILED", code: "run/too-many-attempts" })],
  ["a run set aside too soon", "charged", changed(isRun, { state: "QUARANTINED", code: "run/quarantined" })],
  [
    "a run tried on and on",
    "charged",
    (history) => [
      ...history.filter((entry) => entry.type !== "attempt"),
      ...Array.from({ length: 15 }, (_, index): Entry => ({ ...unsaved, number: index + 1 })),
    ],
  ],
  [
    "a move that no run may make",
    "lawful",
    without((entry) => entry.type === "event" && entry.state === "RUNNING"),
  ],
  ["a state without its event", "lawful", without(lastMove)],
  ["a cancel that nobody asked for", "lawful", changed(isRun, { state: "CANCELLED" })],
  ["a confirmed cancel that did not last", "lawful", added({ type: "cancelled", runId, state: "CANCELLED" })],
  ["a computation that lives on", "lawful", added({ type: "orphan", pid: 1 })],
];

describe("planted violations", () => {
  it.each(planted)("%s", (_what, invariant, change) => {
    expect(check(change(sound())).map((found) => found.invariant)).toContain(invariant);
  });
});
