import type { PriorityClass, RunChange } from "@espalier/contract";
import { UsageError } from "../command.ts";
import { given, parseCount } from "./settings.ts";

/** Options of what may change after a submission. */
export const changeOptions = {
  class: { type: "string" },
  priority: { type: "string" },
} as const;

export const changeHelp = [
  "--class C     urgent, normal or idle; only before it starts",
  "--priority N  order among your own runs, higher first",
] as const;

/** The service checks it against the schema and names the field that is wrong. */
export function parseChange(values: {
  class?: string | undefined;
  priority?: string | undefined;
}): RunChange {
  const change = given({
    class: values.class as PriorityClass | undefined,
    priority: parseCount("priority", values.priority),
  });
  if (Object.keys(change).length === 0) throw new UsageError("say what to change: --class or --priority");
  return change;
}
