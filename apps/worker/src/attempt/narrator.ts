import type { MetricPoint, Progress } from "@espalier/contract";

/** Work of a phase that is told of at once, at most; a slow phase is told of every minute. */
const share = 0.1;
const seldom = 60_000;
/** A phase that is over sooner is told of by its beginning and its end. */
const soonest = 5_000;

/**
 * Tells in a run's log, in a few lines, how an attempt goes: what begins, how far it is with its loss and its speed, and
 * what was saved.
 */
export class Narrator {
  readonly #tell: (message: string) => void;
  readonly #now: () => number;
  readonly #startedAt: number;
  #phase: { name: string; began: number; first: number; told: number; at: number } | undefined;
  #loss: number | undefined;

  constructor(tell: (message: string) => void, now: () => number = () => performance.now()) {
    this.#tell = tell;
    this.#now = now;
    this.#startedAt = now();
  }

  started({
    kind,
    attempt,
    devices,
    step,
  }: {
    kind: string;
    attempt: number;
    devices: number;
    step?: number | undefined;
  }): void {
    const from = step === undefined ? "" : `, from the checkpoint of step ${step}`;
    this.#tell(
      `Attempt ${attempt} begins to ${kind}, on ${devices} ${devices === 1 ? "device" : "devices"}${from}.`,
    );
  }

  metrics(points: readonly MetricPoint[]): void {
    for (const { name, value } of points) if (name === "loss" && Number.isFinite(value)) this.#loss = value;
  }

  progress({ phase, done, total, unit }: Progress): void {
    const now = this.#now();
    if (this.#phase?.name !== phase) {
      this.#loss = undefined;
      this.#phase = { name: phase, began: now, first: done, told: done, at: now };
      this.#tell(total > 0 ? `${phase}: ${number(done)} of ${number(total)} ${unit}` : `${phase}: begins`);
      return;
    }
    const known = this.#phase;
    const due = done - known.told >= total * share && now - known.at >= soonest;
    if (done === known.told || !(due || now - known.at >= seldom || (total > 0 && done >= total))) return;
    known.told = done;
    known.at = now;
    const seconds = (now - known.began) / 1000;
    const rate = seconds > 0 ? (done - known.first) / seconds : 0;
    const parts = [
      `${number(done)} of ${number(total)} ${unit}`,
      ...(this.#loss === undefined ? [] : [`loss ${this.#loss.toFixed(4)}`]),
      ...(rate > 0 ? [`${number(rate)} ${unit}/s`] : []),
    ];
    this.#tell(`${phase}: ${parts.join(", ")}`);
  }

  saved(step: number): void {
    this.#tell(`The checkpoint of step ${step} is saved.`);
  }

  computed(): void {
    this.#tell(
      `All is computed after ${Math.round((this.#now() - this.#startedAt) / 1000)} s; the result is being stored.`,
    );
  }
}

const number = (value: number): string =>
  Number.isInteger(value) || value >= 100
    ? Math.round(value).toLocaleString("en")
    : String(Number(value.toPrecision(3)));
