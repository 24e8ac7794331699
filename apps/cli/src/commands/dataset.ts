import { datasetFormats, type DatasetReading } from "@espalier/contract";
import { datasetQuery } from "../arguments/dataset-file.ts";
import { defineCommand, UsageError } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { formatBytes } from "../terminal/format.ts";
import { pageOf, printPage } from "../service/page.ts";
import { streamFile } from "../service/model-folder.ts";

export const datasetAdd = defineCommand({
  name: "dataset add",
  arguments: "FILE",
  summary: "register training triplets, bare texts or an STS evaluation set",
  help: [
    "--kind triplets|sts|texts   required",
    "--name NAME           default: the file's name",
    "--replace             the name means this one from now on, where another dataset has it",
    "--format F            jsonl, json (an array), csv, tsv (no quotes), parquet or lines (one text a line); default: what",
    "                      the file looks like, perhaps compressed by gzip",
    "--columns LIST        which fields or columns mean what: by name, such as query=question,positive=answer; or by",
    "                      position, such as score=5,sentence1=6,sentence2=7",
    "--header              with positions: the first line is a header",
  ],
  arity: [1, 1],
  options: {
    kind: { type: "string" },
    name: { type: "string" },
    format: { type: "string" },
    columns: { type: "string" },
    header: { type: "boolean" },
    replace: { type: "boolean" },
  },
  async run({ output, connect, path }, { kind, name, format, columns, header, replace }, [file = ""]) {
    if (kind !== "triplets" && kind !== "sts" && kind !== "texts")
      throw new UsageError("--kind must be `triplets`, `sts` or `texts`");
    const known = datasetFormats.find((each) => each === format);
    if (format !== undefined && known === undefined)
      throw new UsageError(`--format must be one of ${datasetFormats.join(", ")}`);
    const query = datasetQuery(kind, { path: path(file), name, format: known, columns, header, replace });
    const dataset = await connect().datasets.create(query, await streamFile(path(file)));
    if (output.json) output.printJson(dataset);
    else {
      output.print(`${dataset.id}  ${dataset.name}  ${dataset.rows.toLocaleString("en")} rows`);
      for (const line of noted(dataset.reading)) output.print(line);
    }
    return exitCode.ok;
  },
});

/** What the user should know of how the file was read. */
function noted(reading: DatasetReading | undefined): string[] {
  const { duplicates = 0, blankLines = 0, ignored = [] } = reading ?? {};
  const count = (n: number, one: string, many: string) =>
    n === 1 ? `1 ${one}` : `${n.toLocaleString("en")} ${many}`;
  const names = ignored.map(({ name }) => name.slice(0, 40));
  return [
    ...(blankLines > 0 ? [`  ${count(blankLines, "blank line was", "blank lines were")} skipped`] : []),
    ...(names.length > 0
      ? [
          `  ignored: ${names.slice(0, 8).join(", ")}${names.length > 8 ? ` and ${names.length - 8} more` : ""}; --columns says what a field means`,
        ]
      : []),
    ...(duplicates > 0
      ? [
          `! ${count(duplicates, "row repeats", "rows repeat")} an earlier one; in a batch they are negatives of each other`,
        ]
      : []),
  ];
}

export const datasetList = defineCommand({
  name: "dataset list",
  summary: "datasets, newest first",
  arity: [0, 0],
  options: { limit: { type: "string" }, cursor: { type: "string" } },
  async run({ output, connect }, { limit, cursor }) {
    const page = await connect().datasets.list(pageOf(limit, cursor));
    return printPage(output, page, [
      { title: "ID", value: ({ id }) => id },
      { title: "NAME", value: ({ name }) => name },
      { title: "KIND", value: ({ kind }) => kind },
      { title: "ROWS", value: ({ rows }) => rows.toLocaleString("en"), align: "right" },
      { title: "SIZE", value: ({ bytes }) => formatBytes(bytes), align: "right" },
    ]);
  },
});
