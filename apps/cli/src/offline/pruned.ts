import type { OutcomeOf } from "@espalier/contract/compute";
import type { Output } from "../terminal/output.ts";
import { formatBytes, formatCount } from "../terminal/format.ts";
import { formatTable } from "../terminal/table.ts";

/** What a pruning has left: layers, parameters and bytes before and after. */
export function printPruned(
  output: Output,
  path: string,
  { before, after, mergedAdapter, remarks }: OutcomeOf<"prune-folder">,
): void {
  if (output.json)
    return output.printJson({ path, before, after, mergedAdapter, ...(remarks && { remarks }) });
  const rows = [
    { name: "before", ...before },
    { name: "after", ...after },
  ];
  const lines = formatTable(rows, [
    { title: "", value: ({ name }) => name },
    { title: "LAYERS", value: ({ layers }) => String(layers), align: "right" },
    { title: "PARAMETERS", value: ({ parameters }) => formatCount(parameters), align: "right" },
    { title: "SIZE", value: ({ bytes }) => formatBytes(bytes), align: "right" },
  ]);
  for (const line of lines) output.print(line);
  output.note(`written to ${path}${mergedAdapter ? ", the folder's adapter merged into it" : ""}`);
}
