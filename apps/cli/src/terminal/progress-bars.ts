import type { Output } from "./output.ts";

export interface Bar {
  label: string;
  /** 0..1, or undefined while nothing can be said. */
  fraction?: number | undefined;
  text: string;
  /** Nothing more will be seen of it. */
  ended?: boolean;
}

const redrawEvery = 100;
const speakEvery = 10_000;
const barWidth = 24;

/**
 * Progress on stderr: bars that are redrawn on a terminal, and elsewhere a plain line for each bar at most every ten
 * seconds. `--json` shows no bars.
 */
export class ProgressBars {
  readonly #output: Output;
  #drawn = 0;
  #drawnAt = 0;
  #pending: NodeJS.Timeout | undefined;
  #bars: readonly Bar[] = [];
  readonly #spoken = new Map<string, { at: number; text: string }>();

  constructor(output: Output) {
    this.#output = output;
  }

  show(bars: readonly Bar[]): void {
    this.#bars = bars;
    if (!this.#output.interactive) return this.#speak();
    const wait = this.#drawnAt + redrawEvery - Date.now();
    if (wait <= 0) this.#draw();
    else this.#pending ??= setTimeout(() => this.#draw(), wait);
  }

  /** A line above the bars. */
  note(line: string): void {
    this.#erase();
    this.#output.note(line);
    if (this.#output.interactive && this.#bars.length > 0) this.#draw();
  }

  /** Leaves the bars as they stand. */
  end(): void {
    if (this.#output.interactive && this.#bars.length > 0) this.#draw();
    this.#bars = [];
    this.#drawn = 0;
  }

  #draw(): void {
    clearTimeout(this.#pending);
    this.#pending = undefined;
    this.#erase();
    const { bars, lines } = fitting(this.#bars, Math.max(3, this.#output.rows() - 1));
    const label = Math.max(0, ...bars.map((bar) => bar.label.length));
    const drawn = [...lines.map((line) => `  ${line}`), ...bars.map((bar) => this.#format(bar, label))];
    const most = Math.max(20, this.#output.columns() - 1);
    for (const line of drawn) this.#output.draw(`${line.slice(0, most)}\n`);
    this.#drawn = drawn.length;
    this.#drawnAt = Date.now();
  }

  #format(bar: Bar, label: number): string {
    const filled = Math.round(Math.min(1, bar.fraction ?? 0) * barWidth);
    return `  ${bar.label.padEnd(label)}  ${"█".repeat(filled)}${"░".repeat(barWidth - filled)}  ${bar.text}`;
  }

  /** Takes the drawn lines back: cursor up, erase to the end of the screen. */
  #erase(): void {
    if (this.#drawn > 0) this.#output.draw(`\u001b[${this.#drawn}A\u001b[J`);
    this.#drawn = 0;
  }

  #speak(): void {
    for (const bar of this.#bars) {
      if (bar.fraction === undefined) continue;
      const last = this.#spoken.get(bar.label) ?? { at: Date.now(), text: "" };
      this.#spoken.set(bar.label, last);
      if (bar.fraction < 1 && Date.now() - last.at < speakEvery) continue;
      if (last.text === bar.text) continue;
      this.#spoken.set(bar.label, { at: Date.now(), text: bar.text });
      this.#output.note(`${bar.label}: ${Math.floor(bar.fraction * 100)}% (${bar.text})`);
    }
  }
}

/**
 * The bars that a terminal has rows for, and a line for the others: those that ended are counted first, then those that wait. What was
 * drawn can be taken back only where the terminal still shows all of it.
 */
export function fitting(bars: readonly Bar[], rows: number): { bars: readonly Bar[]; lines: string[] } {
  if (bars.length <= rows) return { bars, lines: [] };
  const living = bars.filter(({ ended }) => !ended);
  const ended = bars.length - living.length;
  const lines = ended === 0 ? [] : [`${ended} of ${bars.length} ended`];
  const room = rows - lines.length;
  if (living.length <= room) return { bars: living, lines };
  const moving = living.filter(({ fraction }) => fraction !== undefined);
  const first = [...moving, ...living.filter((bar) => !moving.includes(bar))].slice(0, room - 1);
  const shown = living.filter((bar) => first.includes(bar));
  return { bars: shown, lines: [...lines, `${living.length - shown.length} more are not shown`] };
}
