import { isProblem, type Lease, type LogLevel, type MetricPoint } from "@espalier/contract";

type Line = { level: LogLevel; message: string };

/** Where they go: a store's `metrics` and `logs`. */
export interface TelemetryTarget {
  metrics: { append(lease: Lease, points: readonly MetricPoint[]): Promise<void> };
  logs: { append(lease: Lease, lines: readonly Line[]): Promise<void> };
}

export interface TelemetryOptions {
  flushMilliseconds?: number;
  /** Points that make a batch full. */
  batch?: number;
  /** Points, and lines, that are kept while the database is away. The oldest are dropped first. */
  most?: number;
  /** Called when an append was refused because another attempt holds the run. */
  onLost?: () => void;
}

const longestLine = 4000;

/**
 * Metrics and logs of one attempt, on their way to the database: in batches of at most a second or 1,000 points, one at a
 * time. While the database is away they wait here, within bounds; a batch whose answer was lost is sent again, which
 * changes nothing, because points are keyed by name and step.
 */
export class Telemetry {
  readonly #target: TelemetryTarget;
  readonly #lease: Lease;
  readonly #options: Required<TelemetryOptions>;
  readonly #timer: NodeJS.Timeout;
  #points = new Map<string, MetricPoint>();
  #lines: Line[] = [];
  #dropped = { points: 0, lines: 0 };
  #flushing: Promise<void> | undefined;
  #lost = false;

  constructor(target: TelemetryTarget, lease: Lease, options: TelemetryOptions = {}) {
    this.#target = target;
    this.#lease = lease;
    this.#options = {
      flushMilliseconds: 1000,
      batch: 1000,
      most: 100_000,
      onLost: () => undefined,
      ...options,
    };
    this.#timer = setInterval(() => void this.flush(), this.#options.flushMilliseconds);
    this.#timer.unref();
  }

  metrics(points: readonly MetricPoint[]): void {
    const { batch, most } = this.#options;
    for (const point of points) {
      const key = `${point.name}:${point.step}`;
      this.#points.delete(key);
      this.#points.set(key, point);
      if (this.#points.size <= most) continue;
      this.#points.delete(this.#points.keys().next().value!);
      this.#dropped.points += 1;
    }
    if (this.#points.size >= batch) void this.flush();
  }

  log(level: LogLevel, message: string): void {
    // PostgreSQL's text holds every character but this one.
    this.#lines.push({ level, message: message.slice(0, longestLine).replaceAll("\0", "\uFFFD") });
    if (this.#lines.length > this.#options.most) {
      this.#lines.shift();
      this.#dropped.lines += 1;
    }
  }

  /** Sends what waits; resolves when it is stored, and also when the database is away or refuses. Never rejects. */
  flush(): Promise<void> {
    this.#flushing ??= this.#send()
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        this.#flushing = undefined;
      });
    return this.#flushing;
  }

  /** True when nothing waits. */
  get empty(): boolean {
    return this.#lost || (this.#points.size === 0 && this.#lines.length === 0);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #failed(error: unknown): void {
    const code = isProblem(error) ? error.code : undefined;
    if (code === "service/unavailable") return;
    if (code === "lease/lost") {
      this.#lost = true;
      this.#options.onLost();
      return;
    }
    // Sent again it would be refused again, and hold up what comes after it.
    this.#points.clear();
    this.#lines = [];
    this.log("error", `Reports were refused and dropped: ${String(error)}`);
  }

  async #send(): Promise<void> {
    const { batch } = this.#options;
    while (this.#points.size > 0 && !this.#lost) {
      const sent = [...this.#points].slice(0, batch);
      await this.#target.metrics.append(
        this.#lease,
        sent.map(([, point]) => point),
      );
      // A point that was replaced while it was sent still waits.
      for (const [key, point] of sent) if (this.#points.get(key) === point) this.#points.delete(key);
    }
    while (this.#lines.length > 0 && !this.#lost) {
      const sent = this.#lines.slice(0, batch);
      await this.#target.logs.append(this.#lease, sent);
      this.#lines = this.#lines.filter((line) => !sent.includes(line));
    }
    const { points, lines } = this.#dropped;
    if (points + lines === 0) return;
    this.#dropped = { points: 0, lines: 0 };
    this.log(
      "warn",
      `${points} metric points and ${lines} log lines were dropped while the database was away.`,
    );
  }
}
