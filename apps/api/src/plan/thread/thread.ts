import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { Problem, type Plan } from "@espalier/contract";
import { builtProgram } from "@espalier/process";
import type { Snapshot } from "@espalier/scheduler";
import type { Asked } from "../what-if.ts";

export interface Question {
  id: number;
  snapshot: Snapshot;
  asked: readonly Asked[];
  teamId: string;
}

export type Answered = { id: number; plan: Plan } | { id: number; error: string };

interface Waiting {
  answer: (plan: Plan) => void;
  fail: (error: Error) => void;
  deadline: NodeJS.Timeout;
}

const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const entry = builtProgram(beside("main.ts")) ?? beside("entry.mjs");

/** Milliseconds that a plan may take, the start of the thread and plans before it included. */
const withinMs = 15_000;

/**
 * Makes plans in a thread: with thousands of queued runs one computes for a second at a stretch, in which requests would wait. The
 * thread starts with the first plan; one that takes too long ends with it, and the next plan starts another.
 */
export class PlanThread {
  readonly #withinMs: number;
  readonly #waiting = new Map<number, Waiting>();
  #thread: Worker | undefined;
  #last = 0;

  constructor(within = withinMs) {
    this.#withinMs = within;
  }

  /** @throws {Problem} `service/unavailable` where it takes too long */
  plan(question: Omit<Question, "id">): Promise<Plan> {
    const thread = (this.#thread ??= this.#start());
    const id = ++this.#last;
    return new Promise((answer, fail) => {
      const deadline = setTimeout(() => void this.#end(tooLong()), this.#withinMs);
      deadline.unref();
      this.#waiting.set(id, { answer, fail, deadline });
      thread.postMessage({ id, ...question } satisfies Question);
    });
  }

  async stop(): Promise<void> {
    await this.#end(tooLong());
  }

  #start(): Worker {
    const thread = new Worker(entry);
    thread.unref();
    thread.on("message", (answered: Answered) => {
      const waiting = this.#waiting.get(answered.id);
      if (waiting === undefined) return;
      this.#waiting.delete(answered.id);
      clearTimeout(waiting.deadline);
      if ("plan" in answered) waiting.answer(answered.plan);
      else waiting.fail(new Error(answered.error));
    });
    thread.on("error", (error) => {
      if (this.#thread === thread) void this.#end(error instanceof Error ? error : new Error(String(error)));
    });
    return thread;
  }

  /** Ends the thread, and whoever waits for it hears why. */
  async #end(error: Error): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    for (const { fail, deadline } of this.#waiting.values()) {
      clearTimeout(deadline);
      fail(error);
    }
    this.#waiting.clear();
    await thread?.terminate();
  }
}

const tooLong = (): Problem =>
  new Problem(
    "service/unavailable",
    "The plan takes too long, as the queue is long now; submit without one, or ask again later.",
  );
