import { appendFileSync, readFileSync } from "node:fs";
import type { ArtifactKind, AttemptState, ProblemCode, RunState } from "@espalier/contract";
import type { Script } from "./trainer/script.ts";

/** What a client asked for. */
interface Asked {
  /** Names the run in all tries of one submission: it is the Idempotency-Key and the name of what the run makes. */
  key: string;
  seed: number;
  steps: number;
  script: Script;
}

/** A line of a history: what was done and answered, and at the end what PostgreSQL says came of it. */
export type Entry =
  | { type: "begin"; seed: number; name: string }
  | { type: "fault"; fault: string; target: string }
  | ({ type: "submit" } & Asked)
  /** `runId`: accepted. Neither: nobody knows. */
  | { type: "submitted"; key: string; runId?: string; code?: ProblemCode }
  /** With neither: nobody knows whether it was done. */
  | { type: "cancelled" | "retried"; runId: string; state?: RunState; code?: ProblemCode }
  | { type: "settled" }
  /** An older database was put in place; `forgotten`: the runs that it does not know. */
  | { type: "restored"; forgotten: readonly string[]; known: readonly string[] }
  | RunEntry
  | AttemptEntry
  | { type: "event"; runId: string; state: RunState; attempt: number }
  | { type: "metric"; runId: string; name: string; step: number; value: number | null; attempt: number }
  | ArtifactEntry
  /** A compute process that lives although no attempt is under way. */
  | { type: "orphan"; pid: number };

export interface RunEntry {
  type: "run";
  runId: string;
  /** Undefined for what is no training of the suite. */
  key?: string;
  state: RunState;
  attempt: number;
  code?: ProblemCode;
  /** Of a training. */
  resumedFromStep?: number;
}

export interface AttemptEntry {
  type: "attempt";
  runId: string;
  number: number;
  state: AttemptState;
  /** Milliseconds since the epoch, on the database's clock. */
  startedAt: number;
  endedAt?: number;
  checkpointStep?: number;
  code?: ProblemCode;
}

export interface ArtifactEntry {
  type: "artifact";
  runId: string;
  attempt: number;
  kind: ArtifactKind;
  name: string;
  /** Of the record. */
  sha256: string;
  /** Of the bytes that are stored; undefined: there are none. */
  found?: string;
}

/** What happened, in the order in which the suite knows it, in memory and as JSON lines in a file. */
export class History {
  readonly file: string;
  readonly entries: Entry[] = [];

  constructor(file: string) {
    this.file = file;
  }

  add(entry: Entry): void {
    this.entries.push(entry);
    appendFileSync(this.file, `${JSON.stringify({ at: new Date().toISOString(), ...entry })}\n`);
  }

  static read(file: string): Entry[] {
    const lines = readFileSync(file, "utf8").split("\n");
    return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Entry);
  }
}
