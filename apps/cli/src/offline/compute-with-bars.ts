import type { JobKind, JobOf, OutcomeOf } from "@espalier/contract/compute";
import type { Context } from "../command.ts";
import { ProgressBars } from "../terminal/progress-bars.ts";
import { formatBytes } from "../terminal/format.ts";
import { compute } from "./compute.ts";

/**
 * Runs one job and shows a bar for the phase that it is in; `--json` shows none.
 * @param measured names of measurements to show beside the bar, such as `loss`
 * @param told remarks that were shown before, and are not shown again
 * @throws what {@link compute} throws
 */
export async function computeWithBars<Kind extends JobKind>(
  { environment, output, signal }: Pick<Context, "environment" | "output" | "signal">,
  kind: Kind,
  job: Omit<JobOf<Kind>, "kind" | "engine" | "threads">,
  measured: readonly string[] = [],
  told: readonly string[] = [],
): Promise<OutcomeOf<Kind>> {
  const bars = new ProgressBars(output);
  const latest = new Map<string, number>();
  try {
    return await compute(kind, job, {
      environment,
      signal,
      warn(message) {
        if (told.includes(message)) return;
        bars.end();
        output.warn(message);
      },
      metrics(points) {
        for (const { name, value } of points) if (measured.includes(name)) latest.set(name, value);
      },
      progress({ phase, done, total, unit }) {
        if (output.json) return;
        const values = [...latest].map(([name, value]) => `, ${name} ${value.toFixed(4)}`);
        const amount =
          unit === "bytes"
            ? `${formatBytes(done)} of ${formatBytes(total)}`
            : `${done.toLocaleString("en")}/${total.toLocaleString("en")} ${unit}`;
        const text = `${amount}${values.join("")}`;
        bars.show([{ label: phase, fraction: done / Math.max(1, total), text }]);
      },
    });
  } finally {
    bars.end();
  }
}
