import { Socket } from "node:net";
import type { LogLevel, MetricPoint, Progress } from "@espalier/contract";
import { formatLine, messageDescriptor, type Message } from "@espalier/contract/compute";

/** What a computation reports while it runs. */
export interface Reports {
  progress(progress: Progress): void;
  /** Points of one step, such as `{ loss: 2.1, learning_rate: 2e-4 }`. */
  metrics(step: number, values: Readonly<Record<string, number>>): void;
  log(level: LogLevel, message: string): void;
  /** A finished file, which the supervisor takes away, and how many seconds it took to write. */
  checkpoint(step: number, path: string, seconds: number): void;
}

const progressMilliseconds = 200;

/** The compute process's way to its supervisor. */
export class Channel implements Reports {
  readonly #socket = new Socket({ fd: messageDescriptor, readable: false, writable: true });
  #phase = "";
  #progressAt = 0;

  constructor() {
    // The supervisor is gone; the lifeline ends this process.
    this.#socket.on("error", () => undefined);
    this.#socket.unref();
  }

  progress(progress: Progress): void {
    const now = performance.now();
    const quiet = progress.phase === this.#phase && progress.done < progress.total;
    if (quiet && now - this.#progressAt < progressMilliseconds) return;
    this.#phase = progress.phase;
    this.#progressAt = now;
    this.#send({ type: "progress", progress });
  }

  metrics(step: number, values: Readonly<Record<string, number>>): void {
    const points: MetricPoint[] = Object.entries(values).map(([name, value]) => ({ name, step, value }));
    this.#send({ type: "metrics", points });
  }

  log(level: LogLevel, message: string): void {
    this.#send({ type: "log", level, message });
  }

  checkpoint(step: number, path: string, seconds: number): void {
    this.#send({ type: "checkpoint", step, path, seconds });
  }

  /** Says how it ended, and resolves when the supervisor can read it. */
  end(message: Extract<Message, { type: "done" | "stopped" | "failed" }>): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.end(formatLine(message), resolve);
    });
  }

  #send(message: Message): void {
    this.#socket.write(formatLine(message));
  }
}
