/** Counts the reports that were dropped since the run's log last said so. */
export class Dropped {
  lines = 0;
  #points = 0;
  #from = Infinity;
  #to = 0;

  /** A metric point of this step was dropped. */
  point(step: number): void {
    this.#points += 1;
    this.#from = Math.min(this.#from, step);
    this.#to = Math.max(this.#to, step);
  }

  /** What was dropped, in words, and forgets it; undefined when nothing was. */
  take(): string | undefined {
    const parts = [
      ...(this.#points > 0 ? [`${this.#points} metric points of steps ${this.#from} to ${this.#to}`] : []),
      ...(this.lines > 0 ? [`${this.lines} log lines`] : []),
    ];
    [this.#points, this.lines, this.#from, this.#to] = [0, 0, Infinity, 0];
    return parts.length === 0
      ? undefined
      : `The database was slow or away, and more waited than is kept: ${parts.join(" and ")} were dropped.`;
  }
}
