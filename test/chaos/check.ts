import { isTerminal, problems, runMoves, type ProblemCode, type RunState } from "@espalier/contract";
import { adapterDigest } from "./adapter.ts";
import type { ArtifactEntry, AttemptEntry, Entry, RunEntry } from "./history.ts";
import { lossOf, statesOf } from "./trainer/progression.ts";

/** What must hold of every history, whatever was done to the service. */
export const invariants = {
  accounted: "every accepted run exists once, and ends in one state",
  exclusive: "one attempt at a time, and at most one commits",
  metrics: "every (run, name, step) has one value, the right one, of the newest attempt that computed it",
  artifacts: "a run that succeeded has its files whole, with the right bytes; any other has none",
  charged: "attempts are charged for what they lost, and for nothing else",
  lawful: "a run moves only as its states allow, and nothing computes for it when it has ended",
} as const;
/** Failures with nothing saved in between after which a run is given up by each code, and none after fewer. */
const futile: Readonly<Record<string, number>> = { "run/quarantined": 3, "run/too-many-attempts": 8 };
/** Nothing is tried more often than this, however its failures mix: six crashes on one worker, eight failures of the pool. */
const most = 14;
/** Of a host, which counts against no run. */
const isOfHost = (code: ProblemCode | undefined): boolean =>
  code !== undefined && problems[code].failure === "host";

export type Invariant = keyof typeof invariants;

export interface Violation {
  invariant: Invariant;
  runId?: string;
  detail: string;
}

type Of<Type extends Entry["type"]> = Extract<Entry, { type: Type }>;

/** All that a history knows of one run. */
interface Story {
  run: RunEntry;
  asked: Of<"submit"> | undefined;
  attempts: AttemptEntry[];
  states: RunState[];
  metrics: Of<"metric">[];
  artifacts: ArtifactEntry[];
  /** What the answers to accepted cancels said. */
  cancels: (RunState | undefined)[];
  retried: boolean;
  /** It was accepted before an older database was put in place, which has lost what it did in between. */
  restored: boolean;
}

/** Finds what a settled history has that must not be. */
export function check(history: readonly Entry[]): Violation[] {
  const stories = storiesOf(history);
  return [
    ...accounted(history, stories),
    ...stories.flatMap((story) => [
      ...exclusive(story),
      ...metrics(story),
      ...artifacts(story),
      ...charged(story),
      ...lawful(story),
    ]),
    ...history.flatMap((entry) =>
      entry.type === "orphan"
        ? [violation("lawful", undefined, `the compute process ${entry.pid} outlived its attempt`)]
        : [],
    ),
  ];
}

const violation = (invariant: Invariant, runId: string | undefined, detail: string): Violation => ({
  invariant,
  ...(runId === undefined ? {} : { runId }),
  detail,
});

function grouped<Each>(items: readonly Each[], keyOf: (item: Each) => string): Map<string, Each[]> {
  const groups = new Map<string, Each[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

function storiesOf(history: readonly Entry[]): Story[] {
  const of = <Type extends Entry["type"]>(type: Type) =>
    history.filter((entry): entry is Of<Type> => entry.type === type);
  const byRun = <Each extends { runId: string }>(entries: readonly Each[]) =>
    grouped(entries, ({ runId }) => runId);
  const asked = new Map(of("submit").map((submit) => [submit.key, submit]));
  const [attempts, events, points] = [byRun(of("attempt")), byRun(of("event")), byRun(of("metric"))];
  const [files, cancelled, retried] = [byRun(of("artifact")), byRun(of("cancelled")), byRun(of("retried"))];
  return of("run").map((run) => ({
    run,
    asked: run.key === undefined ? undefined : asked.get(run.key),
    attempts: attempts.get(run.runId) ?? [],
    states: (events.get(run.runId) ?? []).map(({ state }) => state),
    metrics: points.get(run.runId) ?? [],
    artifacts: files.get(run.runId) ?? [],
    cancels: (cancelled.get(run.runId) ?? [])
      .filter(({ code }) => code === undefined)
      .map(({ state }) => state),
    retried: retried.has(run.runId),
    restored: of("restored").some(({ known }) => known.includes(run.runId)),
  }));
}

function accounted(history: readonly Entry[], stories: readonly Story[]): Violation[] {
  const found: Violation[] = [];
  const runs = new Map(stories.map(({ run }) => [run.runId, run]));
  const answers = new Map<string, string>();
  const forgotten = new Set(history.flatMap((entry) => (entry.type === "restored" ? entry.forgotten : [])));
  for (const runId of forgotten)
    if (runs.has(runId))
      found.push(violation("accounted", runId, "it is there though the database forgot it"));
  for (const entry of history) {
    if (entry.type !== "submitted" || entry.runId === undefined) continue;
    const earlier = answers.get(entry.key);
    answers.set(entry.key, entry.runId);
    if (!runs.has(entry.runId) && !forgotten.has(entry.runId))
      found.push(violation("accounted", entry.runId, `${entry.key} was accepted, and is lost`));
    if (earlier !== undefined && earlier !== entry.runId)
      found.push(violation("accounted", entry.runId, `${entry.key} was accepted as ${earlier} before`));
  }
  const byKey = grouped(
    stories.filter(({ run }) => run.key !== undefined),
    ({ run }) => run.key!,
  );
  for (const [key, same] of byKey) {
    if (same.length > 1)
      found.push(violation("accounted", same[1].run.runId, `${key} was submitted once and is there twice`));
    if (!same[0].asked) found.push(violation("accounted", same[0].run.runId, `${key} was never submitted`));
  }
  for (const { run, states, retried } of stories) {
    if (!isTerminal(run.state))
      found.push(violation("accounted", run.runId, `it is ${run.state}, and nothing moves any more`));
    if (states.filter(isTerminal).length > 1 && !retried)
      found.push(violation("accounted", run.runId, `it ended more than once: ${states.join(" ")}`));
  }
  return found;
}

function exclusive({ run, attempts }: Story): Violation[] {
  const found: Violation[] = [];
  const say = (detail: string) => found.push(violation("exclusive", run.runId, detail));
  for (const [index, { number, startedAt }] of attempts.entries()) {
    if (number !== index + 1)
      say(`its attempts are numbered ${attempts.map((each) => each.number).join(" ")}`);
    const before = attempts[index - 1];
    if (!before) continue;
    if (before.endedAt === undefined) say(`attempt ${number} began while attempt ${before.number} ran`);
    else if (startedAt < before.endedAt)
      say(`attempt ${number} began ${before.endedAt - startedAt} ms before attempt ${before.number} ended`);
  }
  const committed = attempts.filter(({ state }) => state === "SUCCEEDED");
  if (committed.length > 1) say(`attempts ${committed.map(({ number }) => number).join(" and ")} committed`);
  if (run.state === "SUCCEEDED" && committed[0]?.number !== run.attempt)
    say(`it succeeded with attempt ${run.attempt}, which says it did not`);
  if (run.state !== "SUCCEEDED" && committed.length > 0) say(`it is ${run.state}, but an attempt committed`);
  return found;
}

function metrics({ run, asked, metrics: points, attempts, restored }: Story): Violation[] {
  if (!asked) return [];
  const found: Violation[] = [];
  const say = (detail: string) => found.push(violation("metrics", run.runId, detail));
  const states = statesOf(asked.seed, asked.steps);
  const seen = new Map<number, number>();
  for (const { name, step, value, attempt } of points) {
    if (name !== "loss") continue;
    const right = states[step];
    if (seen.has(step)) say(`step ${step} has two values`);
    seen.set(step, attempt);
    if (right === undefined || step === 0) say(`step ${step} was never computed`);
    else if (value !== lossOf(right)) say(`step ${step} is ${value}, not ${lossOf(right)}`);
    if (attempt > run.attempt) say(`step ${step} is of attempt ${attempt}, which never was`);
  }
  if (run.state !== "SUCCEEDED") return found;
  const from = run.resumedFromStep ?? 0;
  for (let step = 1; step <= asked.steps; step++) {
    const attempt = seen.get(step);
    if (attempt === undefined && !restored) say(`step ${step} is missing`);
    if (attempt === undefined) continue;
    if (step > from && attempt !== run.attempt)
      say(`step ${step} is of attempt ${attempt}, though attempt ${run.attempt} went on from step ${from}`);
  }
  const saved = attempts
    .filter(({ number }) => number < run.attempt)
    .reduce((step, { checkpointStep = 0 }) => Math.max(step, checkpointStep), 0);
  if (from !== saved && !restored) say(`it went on from step ${from}, though step ${saved} was saved`);
  return found;
}

function artifacts({ run, asked, artifacts: files }: Story): Violation[] {
  const found: Violation[] = [];
  const say = (detail: string) => found.push(violation("artifacts", run.runId, detail));
  for (const { name, attempt, sha256, found: stored } of files) {
    if (stored === undefined) say(`${name} has no bytes`);
    else if (stored !== sha256) say(`${name} has other bytes than were recorded`);
    if (attempt !== run.attempt) say(`${name} is of attempt ${attempt}, not ${run.attempt}`);
  }
  if (run.state !== "SUCCEEDED") {
    if (files.length > 0) say(`it is ${run.state} and has ${files.map(({ name }) => name).join(", ")}`);
    return found;
  }
  if (!asked) return found;
  const names = files.map(({ name }) => name).sort();
  const wanted = ["adapter_config.json", "adapter_model.safetensors", "manifest.json"];
  if (names.join() !== wanted.join()) say(`it has ${names.join(", ") || "no file"}`);
  const adapter = files.find(({ name }) => name === "adapter_model.safetensors");
  if (adapter && adapter.sha256 !== adapterDigest(statesOf(asked.seed, asked.steps)[asked.steps]))
    say("the adapter is not the one that its seed gives");
  return found;
}

function charged({ run, asked, attempts, retried }: Story): Violation[] {
  const found: Violation[] = [];
  const say = (detail: string) => found.push(violation("charged", run.runId, detail));
  let [inRow, saved] = [0, -1];
  for (const { number, state, code, checkpointStep = -1 } of attempts) {
    if (inRow >= most && !retried) say(`attempt ${number} came after ${inRow} failures without progress`);
    // One that saved something and then failed is the first of a row: nothing has been saved since.
    if (checkpointStep > saved) inRow = 0;
    if ((state === "LOST" || state === "FAILED") && !isOfHost(code)) inRow++;
    saved = Math.max(saved, checkpointStep);
  }
  if (run.state === "SUCCEEDED" || run.state === "CANCELLED" || !isTerminal(run.state)) return found;
  if (run.code === undefined) say("it failed and does not say why");
  const least = futile[run.code ?? ""];
  if (least !== undefined && inRow < least) say(`it was given up after ${inRow} failures without progress`);
  const { crash, starve } = asked?.script ?? {};
  if (least === undefined && crash === undefined && starve === undefined)
    say(`it failed with ${run.code}, though nothing was wrong with it`);
  return found;
}

function lawful({ run, states, cancels, retried }: Story): Violation[] {
  const found: Violation[] = [];
  const say = (detail: string) => found.push(violation("lawful", run.runId, detail));
  const [first] = states;
  if (first !== "QUEUED" && first !== "WAITING") say(`it began as ${first ?? "nothing"}`);
  for (const [index, state] of states.entries()) {
    const before = states[index - 1];
    if (before && !(runMoves[before] as readonly RunState[]).includes(state))
      say(`it went from ${before} to ${state}`);
  }
  if (states.at(-1) !== run.state) say(`its last event says ${states.at(-1)}, it is ${run.state}`);
  if (run.state === "CANCELLED" && cancels.length === 0) say("nobody cancelled it");
  if (cancels.includes("CANCELLED") && !retried && run.state !== "CANCELLED")
    say(`its cancel was confirmed, and it is ${run.state}`);
  return found;
}
