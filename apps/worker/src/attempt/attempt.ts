import { setTimeout as sleep } from "node:timers/promises";
import { isProblem, type DeviceKind, type LogLevel, type Precision } from "@espalier/contract";
import type { Claim, Store } from "@espalier/store";
import type { Logger } from "pino";
import {
  countOomKills,
  explainError,
  startCompute,
  type ComputeEnd,
  type ComputeProcess,
  type ComputeReport,
} from "@espalier/process";
import type { Downloads } from "./downloads.ts";
import type { Heartbeat } from "../pool/heartbeat.ts";
import { isAway, isStorageFailure, retry } from "../retry.ts";
import type { HeldLease, Interruption } from "./held-lease.ts";
import type { HubSettings } from "./hub-settings.ts";
import { Narrator } from "./narrator.ts";
import { prepareRun, type PreparedRun } from "./prepare.ts";
import type { RunJob, RunOutcome } from "@espalier/contract/compute";
import { publish } from "./publish.ts";
import { Telemetry } from "./telemetry.ts";
import { SaveGrace } from "./save-grace.ts";
import { SavedProgress } from "./saved-progress.ts";
import { StorageWait } from "./storage-wait.ts";
import type { Scratch, Workspace } from "./workspace.ts";

export interface AttemptContext {
  store: Store;
  scratch: Scratch;
  downloads: Downloads;
  hub: HubSettings;
  maxFileBytes: number;
  log: Logger;
  heartbeat: Heartbeat;
  engine: string;
  precision?: Precision;
  /** Kind of its devices, of which the compute process sees no others. */
  device: DeviceKind;
  deviceNames: readonly string[];
  devices?: readonly string[];
  threads?: number;
  /** Path of the compute process's module. */
  computeEntry: string;
  /** Environment of the compute process: it shows its devices and no other. */
  environment: Readonly<Record<string, string | undefined>>;
  graceSeconds: number;
  storageSeconds: number;
  hungSeconds: number;
  /** Aborts when the worker is asked to end. */
  stopping: AbortSignal;
}

type Verdict = ComputeEnd<RunJob["kind"]> | { type: "interrupted"; reason: Interruption };

/** Whoever cancels waits for the end of the run; its last points are worth less than a slow database takes for them. */
const interruptedSettleMs = 2_000;

const killedFor = {
  grace:
    "The computation had not saved and left in the time that it had, and was killed; what it had not saved is lost.",
  lease:
    "The worker was silent for so long that others might have taken the run, so the computation ended itself; what it had not saved is lost.",
};

/** Runs one attempt from its claim to its commit, or to the problem that it ended with. */
export class AttemptSupervisor {
  readonly #claim: Claim;
  readonly #context: AttemptContext;
  readonly #held: HeldLease;
  readonly #telemetry: Telemetry;
  readonly #saved: SavedProgress;
  readonly #narrator: Narrator;
  readonly #log: Logger;
  #prepared: PreparedRun | undefined;
  #storageWait: StorageWait | undefined;

  constructor(claim: Claim, context: AttemptContext) {
    const { store } = context;
    const { lease } = claim;
    this.#claim = claim;
    this.#context = context;
    this.#log = context.log.child({ runId: lease.runId, attempt: lease.attempt });
    this.#held = context.heartbeat.hold(lease);
    const onLost = () => this.#held.lost();
    this.#telemetry = new Telemetry(store, lease, { onLost });
    this.#saved = new SavedProgress(store, claim, {
      flush: () => this.#telemetry.flush(),
      onLost,
      onProblem: (message) => this.#telemetry.log("warn", message),
      onSaved: (step) => this.#narrator.saved(step),
    });
    this.#narrator = new Narrator((message) => this.#telemetry.log("info", message));
    this.#held.onRenewed = () => this.#saved.retry();
  }

  /** A line in the run's log. */
  note(level: LogLevel, message: string): void {
    this.#telemetry.log(level, message);
  }

  /** Never rejects: whatever happens is logged, and written to the run where it can be. */
  async run(): Promise<void> {
    const { lease, run, deviceIds, checkpoint } = this.#claim;
    const { attempt } = lease;
    this.#log.info({ kind: run.kind }, "attempt started");
    this.#narrator.started({ kind: run.kind, attempt, devices: deviceIds.length, step: checkpoint?.step });
    let workspace: Workspace | undefined;
    try {
      workspace = await this.#context.scratch
        .workspace(lease.runId, lease.attempt)
        .catch(async (error: unknown) => {
          // Most often a disk that is full: the run goes on elsewhere now, and not when its lease has run out.
          await this.#conclude({ type: "failed", problem: explainError(error) });
          return undefined;
        });
      if (workspace === undefined) return;
      const verdict = await this.#compute(workspace);
      if (verdict.type === "done") this.#narrator.computed();
      if (verdict.type === "stopped" && verdict.killed) this.note("warn", killedFor[verdict.killed]);
      await this.#settle(verdict);
      await this.#conclude(verdict, workspace);
    } catch (error) {
      this.#log.error({ err: error }, "the attempt could not be concluded; its lease runs out");
    } finally {
      this.#held.stop();
      this.#telemetry.stop();
      await workspace?.remove().catch((error: unknown) => this.#log.warn({ err: error }, "scratch remains"));
    }
  }

  async #compute(workspace: Workspace): Promise<Verdict> {
    const { graceSeconds, hungSeconds, environment, computeEntry } = this.#context;
    const stopping = AbortSignal.any([this.#context.stopping, this.#held.preempted]);
    if (stopping.aborted) return { type: "stopped" };
    try {
      this.#prepared = await this.#untilAnswered(() => prepareRun(this.#claim, workspace, this.#context));
    } catch (error) {
      return { type: "failed", problem: isProblem(error) ? error : explainError(error) };
    }
    const grace = new SaveGrace({
      least: graceSeconds,
      expectedBytes: this.#claim.checkpoint?.stored.bytes ?? 0,
      folder: workspace.checkpoints,
    });
    const child = startCompute({
      entry: computeEntry,
      job: this.#prepared.job,
      hub: this.#prepared.hub,
      // What libraries want to write goes to a folder that ends with the attempt.
      environment: { ...environment, TMPDIR: workspace.temporary },
      hungSeconds,
      leaseSeconds: this.#held.firstSeconds,
      countOomKills,
      onReport: (report) => this.#take(report, grace),
    });
    this.#held.onBeat = (seconds) => child.mayGoOn(seconds);
    this.#log.info({ pid: child.pid }, "compute process started");
    const stop = () => this.#stop(child, grace);
    if (stopping.aborted) stop();
    stopping.addEventListener("abort", stop, { once: true });
    try {
      return await this.#watch(child);
    } finally {
      stopping.removeEventListener("abort", stop);
    }
  }

  /** Asks the computation to save and leave, and says in the run's log how long it has. */
  #stop(child: ComputeProcess<RunJob["kind"]>, grace: SaveGrace): void {
    // A worker that ends itself has no longer than its own grace, and a device that was promised no longer than agreed.
    const fixed = this.#context.stopping.aborted ? this.#context.graceSeconds : this.#held.graceSeconds;
    const seconds = fixed ?? grace.seconds;
    if (fixed === undefined) child.stop(seconds, () => grace.more());
    else child.stop(seconds);
    const why = fixed === undefined ? grace.reason : "more was not agreed";
    this.note(
      "info",
      `The run is asked to save and to leave its device, within ${Math.round(seconds)} s (${why}).`,
    );
  }

  async #watch(child: ComputeProcess<RunJob["kind"]>): Promise<Verdict> {
    const verdict = await Promise.race([
      child.ended,
      this.#held.interrupted.then((reason): Verdict => ({ type: "interrupted", reason })),
    ]);
    if (verdict.type === "interrupted") {
      child.kill();
      await child.ended;
    }
    return verdict;
  }

  #take(report: ComputeReport, grace: SaveGrace): void {
    switch (report.type) {
      case "progress":
        grace.progressed(report.progress);
        this.#narrator.progress(report.progress);
        return this.#held.progress(report.progress);
      case "metrics": {
        const points = report.points.map(({ value, ...point }) => ({ ...point, value: value ?? Number.NaN }));
        this.#narrator.metrics(points);
        return this.#telemetry.metrics(points);
      }
      case "log":
        return this.#telemetry.log(report.level, report.message);
      case "checkpoint":
        grace.saved(report.seconds);
        return this.#saved.announce(report.step, report.path);
    }
  }

  async #conclude(verdict: Verdict, workspace?: Workspace): Promise<void> {
    const { leases } = this.#context.store;
    const { lease } = this.#claim;
    switch (verdict.type) {
      case "done":
        return this.#commit(verdict.outcome, workspace!);
      case "stopped":
        await this.#end("returned", () => leases.giveBack(lease));
        return;
      case "failed": {
        const { problem } = verdict;
        this.#log.warn({ err: problem, code: problem.code }, "attempt failed");
        await this.#end("failed", () => leases.fail(lease, problem.toDocument()));
        return;
      }
      case "interrupted":
        if (verdict.reason === "cancel") await this.#end("cancelled", () => leases.cancelled(lease));
        else this.#log.warn({ reason: verdict.reason }, "attempt abandoned");
        return;
    }
  }

  async #commit(outcome: RunOutcome, workspace: Workspace): Promise<void> {
    const { store } = this.#context;
    const { lease, run, teamId } = this.#claim;
    let success;
    try {
      success = await publish(store, this.#claim, this.#prepared!, outcome, workspace, (work) =>
        this.#untilStored(work),
      );
    } catch (error) {
      if (this.#storageWait?.isOver) {
        this.note(
          "warn",
          "The result could not be stored here, so the run is given back for another worker.",
        );
        await this.#drainReport();
        return this.#conclude({ type: "stopped" });
      }
      const problem = isProblem(error) ? error : explainError(error);
      return this.#conclude({ type: "failed", problem }, workspace);
    }
    const ended = await this.#end("succeeded", () => store.leases.succeed(lease, success));
    if (ended) return this.#saved.clear();
    // The answer to a commit that did happen may have been lost: then these files are the run's.
    const now = await store.runs.get(teamId, run.id);
    if (now.state === "SUCCEEDED" && now.attempt === lease.attempt) return this.#saved.clear();
    for (const { stored } of success.artifacts ?? []) await store.bytes.remove(stored.location);
  }

  /** Ends the attempt in the database, waiting for it where it is away; false when the lease was lost. */
  async #end(how: string, write: () => Promise<unknown>): Promise<boolean> {
    if (!(await this.#held.mayCommit())) {
      this.#log.warn({ reason: this.#held.interruption }, `attempt not ${how}: interrupted`);
      return false;
    }
    try {
      await this.#untilAnswered(write);
      this.#log.info(`attempt ${how}`);
      return true;
    } catch (error) {
      if (!isProblem(error) || error.code !== "lease/lost") throw error;
      this.#log.warn(`attempt not ${how}: another one holds the run`);
      return false;
    }
  }

  /** Repeats what fails because a server is away, for as long as the attempt may go on. */
  #untilAnswered<T>(work: () => Promise<T>): Promise<T> {
    return retry(work, {
      again: (error, failures) => {
        const { interruption } = this.#held;
        if (!isAway(error) || interruption === "lost" || interruption === "unreachable") return false;
        return !this.#context.stopping.aborted || failures <= 3;
      },
    });
  }

  /** Stores what was saved and reported last; of an attempt that must not go on, only what the database takes at once. */
  async #settle(verdict: Verdict): Promise<void> {
    const settled = this.#saved.settled().then(() => this.#drainReport());
    if (verdict.type === "interrupted")
      await Promise.race([settled, sleep(interruptedSettleMs, undefined, { ref: false })]);
    else await settled;
  }

  /**
   * Repeats what fails because the volume of the data folder is full or away, for as long as the attempt may go on, and no other
   * worker is the better place. See `StorageWait`.
   */
  #untilStored<T>(work: () => Promise<T>): Promise<T> {
    const { store, storageSeconds } = this.#context;
    return retry(work, {
      again: (error, failures) => {
        if (!isStorageFailure(error) || this.#context.stopping.aborted) return false;
        if (this.#held.interruption !== undefined || this.#held.preempted.aborted) return false;
        this.#storageWait ??= new StorageWait({
          least: storageSeconds,
          unsavedSince: this.#saved.recordedAt,
          othersTakeRuns: () => store.workers.takeRuns({ except: this.#claim.lease.workerId }),
        });
        if (failures === 1) this.note("warn", `The result waits until it can be stored: ${String(error)}`);
        return this.#storageWait.goesOn();
      },
    });
  }

  /** Stores what was reported last: it must be there before the state of the run says that it has ended. */
  async #drainReport(): Promise<void> {
    for (;;) {
      await this.#telemetry.flush();
      if (this.#telemetry.empty || this.#context.stopping.aborted) return;
      const { interruption } = this.#held;
      if (interruption === "lost" || interruption === "unreachable") return;
      await sleep(200);
    }
  }
}
