import type { Garbage } from "@espalier/contract";
import { defineCommand } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { formatBytes } from "../terminal/format.ts";
import { formatTable } from "../terminal/table.ts";

export const gc = defineCommand({
  name: "gc",
  summary: "free what nobody needs any more, now; for operators",
  examples: ["espalier gc --dry-run"],
  help: ["--dry-run  say what would go and why, and free nothing"],
  arity: [0, 0],
  options: { "dry-run": { type: "boolean" } },
  async run({ output, connect }, { "dry-run": dryRun }) {
    const { garbage } = connect();
    const { items } = await (dryRun ? garbage.list() : garbage.sweep());
    if (output.json) output.printJson({ dryRun: dryRun ?? false, items });
    else {
      const columns = [
        { title: dryRun ? "WOULD GO" : "FREED", value: ({ kind }: Garbage) => kind },
        {
          title: "COUNT",
          value: ({ count }: Garbage) => count.toLocaleString("en"),
          align: "right" as const,
        },
        {
          title: "SIZE",
          value: ({ bytes }: Garbage) => (bytes === undefined ? "–" : formatBytes(bytes)),
          align: "right" as const,
        },
        { title: "WHY", value: ({ why }: Garbage) => why },
      ];
      for (const line of formatTable(items, columns, output.columns())) output.print(line);
    }
    return exitCode.ok;
  },
});
