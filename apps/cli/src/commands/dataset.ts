import {
  datasetFileHelp,
  datasetFileOptions,
  datasetQuery,
  parseDatasetFormat,
} from "../arguments/dataset-file.ts";
import { defineCommand, UsageError } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { readingLines } from "../tables/reading-lines.ts";
import { formatBytes } from "../terminal/format.ts";
import { madeBy, madeByHelp, madeByOptions, printPage } from "../service/page.ts";
import { streamFile } from "../service/model-folder.ts";

export const datasetAdd = defineCommand({
  name: "dataset add",
  arguments: "FILE",
  summary: "register training triplets, bare texts or an STS evaluation set",
  examples: [
    "espalier dataset add triplets.jsonl --kind triplets --name nli",
    "espalier dataset add sts-test.csv --kind sts --name stsb --columns score=5,sentence1=6,sentence2=7",
  ],
  help: [
    "--kind triplets|sts|texts   required",
    "--name NAME           default: the file's name",
    "--replace             the name means this one from now on, where another dataset has it",
    ...datasetFileHelp,
  ],
  arity: [1, 1],
  options: {
    kind: { type: "string" },
    name: { type: "string" },
    ...datasetFileOptions,
    replace: { type: "boolean" },
  },
  async run({ output, connect, path }, { kind, name, format, columns, header, replace }, [file = ""]) {
    if (kind !== "triplets" && kind !== "sts" && kind !== "texts")
      throw new UsageError("--kind must be `triplets`, `sts` or `texts`");
    const how = { format: parseDatasetFormat(format), columns, header };
    const query = datasetQuery(kind, { path: path(file), name, replace, ...how });
    const dataset = await connect().datasets.create(query, await streamFile(path(file)));
    if (output.json) output.printJson(dataset);
    else {
      output.print(`${dataset.id}  ${dataset.name}  ${dataset.rows.toLocaleString("en")} rows`);
      for (const line of readingLines(dataset.reading)) output.print(line);
    }
    return exitCode.ok;
  },
});

export const datasetList = defineCommand({
  name: "dataset list",
  summary: "datasets, newest first",
  examples: ["espalier dataset list"],
  help: madeByHelp,
  arity: [0, 0],
  options: madeByOptions,
  async run({ output, connect }, values) {
    const page = await connect().datasets.list(madeBy(values));
    return printPage(output, page, [
      { title: "ID", value: ({ id }) => id },
      { title: "NAME", value: ({ name }) => name },
      { title: "KIND", value: ({ kind }) => kind },
      { title: "ROWS", value: ({ rows }) => rows.toLocaleString("en"), align: "right" },
      { title: "SIZE", value: ({ bytes }) => formatBytes(bytes), align: "right" },
    ]);
  },
});
