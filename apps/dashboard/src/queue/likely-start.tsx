import type { Waiting } from "@espalier/contract";
import { duration } from "../elements/format.ts";
import { cells } from "../elements/table.tsx";
import { useNow } from "../elements/time.tsx";

/** When a run is likely to start, and within which range. */
export function LikelyStart({ waiting }: { waiting: Waiting | undefined }) {
  const now = useNow();
  const expected = waiting?.expectedStart;
  if (!expected) return <span className={cells.quiet}>not known</span>;
  const away = (at: string): string => duration(Math.max(0, Date.parse(at) - now));
  const { earliest, likely, latest } = expected;
  if (Date.parse(likely) <= now) return <>any moment</>;
  return (
    <>
      in {away(likely)}{" "}
      <span className={cells.quiet}>
        ({away(earliest)} – {away(latest)})
      </span>
    </>
  );
}
