import { isProblem, type Lease, type LogLevel, type MetricPoint } from "@espalier/contract";
import { Dropped } from "./dropped.ts";

type Line = { level: LogLevel; message: string };

/** Where they go: a store's `metrics` and `logs`. */
export interface TelemetryTarget {
  metrics: { append(lease: Lease, points: readonly MetricPoint[]): Promise<void> };
  logs: { append(lease: Lease, lines: readonly Line[]): Promise<void> };
}

export interface TelemetryOptions {
  flushMilliseconds?: number;
  /** Points that make a batch full; of what has piled up, a batch takes up to ten times as many. */
  batch?: number;
  /** Points that are kept while the database is slow or away. The oldest are dropped first. */
  most?: number;
  /** Characters of log lines that are kept. */
  mostCharacters?: number;
  /** Called when an append was refused because another attempt holds the run. */
  onLost?: () => void;
}

const longestLine = 4000;
/** A line costs memory beside its characters. */
const lineCharacters = 100;
/** A batch that the database did not take in time is sent again in halves, down to this part of a full one. */
const leastPart = 0.1;
const mostParts = 10;

/**
 * Metrics and logs of one attempt, on their way to the database: in batches of at most a second, one at a time. While the
 * database is slow, batches grow, so that a slow answer costs latency and not points. What waits has bounds, beyond which the oldest
 * is dropped, and the run's log says what. A computation is never slowed down for its metrics. A batch whose answer was lost is
 * sent again, which changes nothing, because points are keyed by name and step.
 */
export class Telemetry {
  readonly #target: TelemetryTarget;
  readonly #lease: Lease;
  readonly #options: Required<TelemetryOptions>;
  readonly #timer: NodeJS.Timeout;
  readonly #dropped = new Dropped();
  /** In the order in which they came; `at` counts what came before. */
  readonly #points = new Map<string, { point: MetricPoint; at: number }>();
  #lines: { line: Line; at: number }[] = [];
  #characters = 0;
  #came = 0;
  #parts = 1;
  #flushing: Promise<void> | undefined;
  #lost = false;

  constructor(target: TelemetryTarget, lease: Lease, options: TelemetryOptions = {}) {
    this.#target = target;
    this.#lease = lease;
    this.#options = {
      flushMilliseconds: 1000,
      batch: 1000,
      most: 100_000,
      mostCharacters: 8_000_000,
      onLost: () => undefined,
      ...options,
    };
    this.#timer = setInterval(() => void this.#flushOnce(), this.#options.flushMilliseconds);
    this.#timer.unref();
  }

  metrics(points: readonly MetricPoint[]): void {
    const { batch, most } = this.#options;
    for (const point of points) {
      const key = `${point.name}:${point.step}`;
      this.#points.delete(key);
      this.#points.set(key, { point, at: ++this.#came });
      if (this.#points.size <= most) continue;
      const [oldest, { point: dropped }] = this.#points.entries().next().value!;
      this.#points.delete(oldest);
      this.#dropped.point(dropped.step);
    }
    if (this.#points.size >= batch) void this.#flushOnce();
  }

  log(level: LogLevel, message: string): void {
    // PostgreSQL's text holds every character but this one.
    const line = { level, message: message.slice(0, longestLine).replaceAll("\0", "\uFFFD") };
    this.#lines.push({ line, at: ++this.#came });
    this.#characters += weightOf(line);
    if (this.#characters <= this.#options.mostCharacters) return;
    // A tenth at once, so that a flood of lines does not move the others one by one.
    const count = Math.ceil(this.#lines.length / 10);
    this.#dropped.lines += count;
    this.#forgetLines(count);
  }

  /**
   * Sends what was reported before the call. Resolves to whether it is stored; false when the database is away or the run is
   * lost. What is reported meanwhile is not waited for, because it may never cease. Never rejects.
   */
  async flush(): Promise<boolean> {
    const mark = this.#came;
    while (!this.#lost && this.#oldest <= mark) {
      const before = this.#oldest;
      await this.#flushOnce();
      if (this.#oldest === before) return false;
    }
    return !this.#lost;
  }

  /** True when nothing waits, or nothing more can be stored. */
  get empty(): boolean {
    return this.#lost || this.#oldest === Infinity;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** When the oldest that waits came; Infinity when nothing waits. */
  get #oldest(): number {
    const point = this.#points.values().next().value;
    return Math.min(point?.at ?? Infinity, this.#lines[0]?.at ?? Infinity);
  }

  /** Sends what waits now, together with a sending that is under way. */
  #flushOnce(): Promise<void> {
    this.#flushing ??= Promise.resolve()
      .then(() => this.#send())
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        this.#flushing = undefined;
      });
    return this.#flushing;
  }

  #failed(error: unknown): void {
    const code = isProblem(error) ? error.code : undefined;
    this.#parts = Math.max(leastPart, this.#parts / 2);
    if (code === "service/unavailable") return;
    if (code === "lease/lost") {
      this.#lost = true;
      this.#options.onLost();
      return;
    }
    // Sent again it would be refused again, and hold up what comes after it.
    this.#points.clear();
    this.#forgetLines(this.#lines.length);
    this.log("error", `Reports were refused and dropped: ${String(error)}`);
  }

  async #send(): Promise<void> {
    const mark = this.#came;
    for (let sent; (sent = this.#nextPoints(mark)).length > 0;) {
      await this.#target.metrics.append(
        this.#lease,
        sent.map(([, { point }]) => point),
      );
      // A point that was replaced while it was sent still waits.
      for (const [key, each] of sent) if (this.#points.get(key) === each) this.#points.delete(key);
      this.#taken();
    }
    for (let sent; (sent = this.#nextLines(mark)).length > 0;) {
      const last = sent.at(-1)!.at;
      await this.#target.logs.append(
        this.#lease,
        sent.map(({ line }) => line),
      );
      const next = this.#lines.findIndex(({ at }) => at > last);
      this.#forgetLines(next < 0 ? this.#lines.length : next);
      this.#taken();
    }
    const said = this.#dropped.take();
    if (said !== undefined) this.log("warn", said);
  }

  /** The database has taken a batch: where more waits, the next one may be larger. */
  #taken(): void {
    const behind = this.#points.size + this.#lines.length > this.#batch;
    this.#parts = behind ? Math.min(mostParts, this.#parts * 2) : Math.min(1, this.#parts * 2);
  }

  get #batch(): number {
    return Math.max(1, Math.round(this.#options.batch * this.#parts));
  }

  #nextPoints(mark: number): [string, { point: MetricPoint; at: number }][] {
    const next: [string, { point: MetricPoint; at: number }][] = [];
    if (this.#lost) return next;
    for (const entry of this.#points) {
      if (next.length >= this.#batch || entry[1].at > mark) break;
      next.push(entry);
    }
    return next;
  }

  #nextLines(mark: number): { line: Line; at: number }[] {
    if (this.#lost) return [];
    return this.#lines.slice(0, this.#batch).filter(({ at }) => at <= mark);
  }

  #forgetLines(count: number): void {
    for (const { line } of this.#lines.slice(0, count)) this.#characters -= weightOf(line);
    this.#lines = this.#lines.slice(count);
  }
}

const weightOf = ({ message }: Line): number => message.length + lineCharacters;
