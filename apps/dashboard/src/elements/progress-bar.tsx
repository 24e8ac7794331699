import type { Progress } from "@espalier/contract";
import { useProgress } from "../live/use-live.ts";
import { bytes, percent } from "./format.ts";
import classes from "./progress-bar.module.css";

/** `1.2 GB of 5.4 GB`, `620 of 1,000 steps`. */
export const countedOf = ({ done, total, unit }: Progress): string =>
  unit === "bytes"
    ? `${bytes(done)} of ${bytes(total)}`
    : `${done.toLocaleString()} of ${total.toLocaleString()} ${unit}`;

/** How far a run has come: the share, and what it is doing. */
export function ProgressBar({ runId, progress: known }: { runId: string; progress: Progress | undefined }) {
  const progress = useProgress(runId, known);
  if (!progress) return <span className={classes.none}>–</span>;
  const { phase, done, total } = progress;
  const share = total > 0 ? Math.min(1, done / total) : 0;
  const counted = countedOf(progress);
  return (
    <span className={classes.progress} title={`${phase}: ${counted}`}>
      <progress max={1} value={share} aria-label={`${phase}, ${counted}`} />
      <span className={classes.share}>{percent(share)}</span>
    </span>
  );
}
