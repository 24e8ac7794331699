import type { PriorityClass, RunChange } from "@espalier/contract";
import { UsageError } from "../command.ts";
import { parseDuration } from "./duration.ts";
import { given, parseCount } from "./settings.ts";

/** Options of what may change after a submission. */
export const changeOptions = {
  class: { type: "string" },
  priority: { type: "string" },
  "wall-time": { type: "string" },
} as const;

export const changeHelp = [
  "--class C       urgent, normal or idle; only before it starts",
  "--priority N    order among your own runs, higher first",
  "--wall-time 4h  how long it may compute, all attempts together; none: as long as it takes",
] as const;

interface Values {
  class?: string | undefined;
  priority?: string | undefined;
  "wall-time"?: string | undefined;
}

/** What is given of it. The service checks it against the schema and names the field that is wrong. */
export const givenChange = ({ "wall-time": wallTime, ...values }: Values): RunChange =>
  given({
    class: values.class as PriorityClass | undefined,
    priority: parseCount("priority", values.priority),
    limits:
      wallTime === undefined
        ? undefined
        : { wallSeconds: wallTime === "none" ? null : parseDuration("wall-time", wallTime) },
  });

/** What is given of it, which is something. */
export function parseChange(values: Values): RunChange {
  const change = givenChange(values);
  if (Object.keys(change).length === 0)
    throw new UsageError("say what to change: --class, --priority or --wall-time");
  return change;
}
