import { join } from "node:path";
import { defineCommand, UsageError } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { inFolder } from "../report/report-folder.ts";
import { readReport } from "../report/report-data.ts";
import { comparedCells, conditionSentence } from "../report/words.ts";
import { writeReport } from "../report/write-report.ts";
import { lookUp } from "../service/lookup.ts";
import { formatTable } from "../terminal/table.ts";

const options = { baseline: { type: "string" }, margin: { type: "string" } } as const;
const help = [
  "--baseline VARIANT  what others are compared with; default: the experiment's, else none",
  "--margin POINTS     loss that counts as none; default 0.5",
];

function queryOf({ baseline, margin }: { baseline?: string | undefined; margin?: string | undefined }) {
  const points = margin === undefined ? undefined : Number(margin);
  if (points !== undefined && !(points > 0 && points <= 100))
    throw new UsageError(`--margin takes points above 0, not ${margin}`);
  return {
    ...(baseline === undefined ? {} : { baseline }),
    ...(points === undefined ? {} : { margin: points / 100 }),
  };
}

export const experimentCompare = defineCommand({
  name: "experiment compare",
  arguments: "EXPERIMENT",
  summary: "its variants against the full model, with intervals",
  examples: ["espalier experiment compare first"],
  help,
  arity: [1, 1],
  options,
  async run({ output, connect }, values, [given = ""]) {
    const query = queryOf(values);
    const client = connect();
    const id = await lookUp("experiment", given, client.experiments.list);
    const comparison = await client.experiments.comparison(id, query);
    if (output.json) output.printJson(comparison);
    else {
      const [titles = [], ...rows] = comparedCells(comparison.variants);
      const columns = titles.map((title, i) => ({ title, value: (row: readonly string[]) => row[i]! }));
      for (const line of formatTable(rows, columns, output.columns())) output.print(line);
      for (const { name, stage, differences } of comparison.variants)
        for (const difference of differences)
          output.print(`! ${name}, ${stage} training: ${conditionSentence(difference)}`);
      for (const { name, stage, why } of comparison.left)
        output.print(`! ${name}, ${stage} training: ${why}`);
      output.note(`differences in points to ${comparison.baseline}; margin ${100 * comparison.margin}`);
    }
    return exitCode.ok;
  },
});

export const experimentReport = defineCommand({
  name: "experiment report",
  arguments: "EXPERIMENT",
  summary: "writes its report: Markdown, JSON, and a page with figures",
  examples: ["espalier experiment report first --out report"],
  help: ["--out DIR           folder to make, for report.md, report.json and report.html", ...help],
  arity: [1, 1],
  options: { out: { type: "string" }, ...options },
  async run({ output, connect, path }, values, [given = ""]) {
    if (values.out === undefined) throw new UsageError("--out DIR is missing");
    const query = queryOf(values);
    const client = connect();
    const folder = path(values.out);
    const { data, files } = await inFolder(folder, async () => {
      const id = await lookUp("experiment", given, client.experiments.list);
      const data = await readReport(client, id, query);
      return { data, files: await writeReport(folder, data) };
    });
    if (output.json) output.printJson(data);
    else for (const name of files) output.print(join(values.out, name));
    return exitCode.ok;
  },
});
