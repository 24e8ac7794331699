import { percent } from "../elements/format.ts";
import { cells } from "../elements/table.tsx";
import classes from "./meter.module.css";

/** A share that is in use now. */
export const Meter = ({ share }: { share: number | undefined }) =>
  share === undefined ? (
    <span className={cells.quiet}>–</span>
  ) : (
    <span className={classes.meter}>
      <svg viewBox="0 0 40 6" aria-hidden="true">
        <rect width="40" height="6" rx="1" />
        <rect width={40 * Math.min(1, share)} height="6" rx="1" className={classes.used} />
      </svg>
      <span>{percent(share)}</span>
    </span>
  );
