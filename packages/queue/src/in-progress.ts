import type { Delivery, Handler } from "./queue.ts";

/** The deliveries that a consumer is handling. */
export class InProgress {
  readonly #running = new Set<Promise<void>>();
  readonly #leaving = new AbortController();
  readonly #handler: Handler;
  readonly #onError: (error: Error) => void;

  constructor(handler: Handler, onError: (error: Error) => void) {
    this.#handler = handler;
    this.#onError = onError;
  }

  /** Resolves when the handler has ended, also by an error. A job that is no delivery is dropped, with an error that shows it. */
  async handle(data: unknown): Promise<void> {
    if (!isDelivery(data)) {
      this.#onError(
        new Error(`a job that is no delivery was dropped: ${JSON.stringify(data)?.slice(0, 200)}`),
      );
      return;
    }
    const { runId, dispatch } = data;
    const ended = this.#handler({ runId, dispatch }, this.#leaving.signal).catch((error: unknown) =>
      this.#onError(error instanceof Error ? error : new Error(String(error))),
    );
    this.#running.add(ended);
    await ended;
    this.#running.delete(ended);
  }

  /** Waits for all of them, up to the deadline; then aborts their signals and gives them a moment to notice. */
  async leave(deadlineMs: number): Promise<"idle" | "busy"> {
    if (await this.#idleWithin(deadlineMs)) return "idle";
    this.#leaving.abort(new Error("the consumer is closing"));
    return (await this.#idleWithin(abortMs)) ? "idle" : "busy";
  }

  async #idleWithin(ms: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => (timer = setTimeout(resolve, ms, false)));
    const idle = Promise.all(this.#running).then(() => true);
    return Promise.race([idle, late]).finally(() => clearTimeout(timer));
  }
}

const abortMs = 500;

/** Checked because anybody who reaches the server can write into its queues. */
const isDelivery = (data: unknown): data is Delivery =>
  typeof data === "object" &&
  data !== null &&
  "runId" in data &&
  typeof data.runId === "string" &&
  "dispatch" in data &&
  Number.isInteger(data.dispatch);
