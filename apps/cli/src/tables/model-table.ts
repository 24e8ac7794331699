import type { Model } from "@espalier/contract";
import { formatBytes, formatCount } from "../terminal/format.ts";
import type { Output } from "../terminal/output.ts";
import { formatTable } from "../terminal/table.ts";

export function printModels(
  models: readonly Model[],
  { print, columns }: Pick<Output, "print" | "columns">,
): void {
  const lines = formatTable(
    models,
    [
      { title: "ID", value: ({ id }) => id },
      { title: "NAME", value: ({ name }) => name },
      { title: "STATE", value: ({ state }) => state },
      { title: "LAYERS", value: ({ architecture }) => String(architecture?.layers ?? "–"), align: "right" },
      {
        title: "PARAMETERS",
        value: ({ architecture }) => (architecture ? formatCount(architecture.parameters) : "–"),
        align: "right",
      },
      ...(models.some(({ promotion }) => promotion)
        ? [{ title: "PROMOTED", value: ({ promotion }: Model) => promotion?.when ?? "" }]
        : []),
      { title: "SIZE", value: ({ bytes }) => formatBytes(bytes), align: "right" },
    ],
    columns(),
  );
  for (const line of lines) print(line);
}
