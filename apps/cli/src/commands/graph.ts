import type { GraphCreate } from "@espalier/contract";
import { defineCommand } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { formatTable } from "../terminal/table.ts";
import { readDocument } from "../arguments/document-file.ts";

export const graphSubmit = defineCommand({
  name: "graph submit",
  arguments: "FILE",
  summary: "submit runs that depend on one another, all of them or none",
  examples: ["espalier graph submit graph.json"],
  help: [
    "FILE (- for stdin) is JSON:",
    '  {"runs": {"cut":   {"spec": {"kind": "prune", "model": "mdl_…", "layers": 12}},',
    '            "train": {"spec": {"kind": "train", "model": {"run": "cut"}, "datasetId": "dst_…"}}}}',
    'A run may also say "dependsOn": [names or ids], "class", "priority", "needs" and "limits".',
  ],
  arity: [1, 1],
  options: {},
  async run(context, _values, [file = ""]) {
    const { output } = context;
    // The service checks it, and names the field that is wrong.
    const graph = await context.connect().graphs.submit((await readDocument(context, file)) as GraphCreate);
    if (output.json) output.printJson(graph);
    else
      for (const line of formatTable(Object.entries(graph.runs), [
        { title: "RUN", value: ([name]) => name },
        { title: "ID", value: ([, { id }]) => id },
        { title: "STATE", value: ([, { state }]) => state },
      ]))
        output.print(line);
    return exitCode.ok;
  },
});
