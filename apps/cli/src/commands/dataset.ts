import {
  datasetFileHelp,
  datasetFileOptions,
  datasetQuery,
  parseDatasetFormat,
  parseDatasetKind,
} from "../arguments/dataset-file.ts";
import { defineCommand } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { readingLines } from "../tables/reading-lines.ts";
import { errorLines } from "../terminal/failure.ts";
import { formatAuthor, formatBytes } from "../terminal/format.ts";
import { sayNext } from "../terminal/next.ts";
import { lookUp } from "../service/lookup.ts";
import { parseCount } from "../arguments/settings.ts";
import { madeBy, madeByHelp, madeByOptions, printPage } from "../service/page.ts";
import { datasetBody } from "../service/dataset-body.ts";

export const datasetAdd = defineCommand({
  name: "dataset add",
  arguments: "FILE|FOLDER",
  summary: "register training triplets, bare texts or an evaluation task",
  examples: [
    "espalier dataset add triplets.jsonl --kind triplets --name nli",
    "espalier dataset add sts-test.csv --kind sts --name stsb --columns score=5,sentence1=6,sentence2=7",
    "espalier dataset add scifact --kind retrieval",
  ],
  help: [
    "--kind K              triplets or texts to train on; sts, retrieval, reranking, classification,",
    "                      clustering, pair-classification or bitext-mining to evaluate on; required",
    "--split S             of a folder of retrieval: the judgements qrels/S.tsv; default: test",
    "--name NAME           default: the file's name",
    "--skip-errors         leave out lines that cannot be read, and list them, instead of refusing the file",
    "--replace             the name means this one from now on, where another dataset has it",
    ...datasetFileHelp,
  ],
  arity: [1, 1],
  options: {
    kind: { type: "string" },
    name: { type: "string" },
    ...datasetFileOptions,
    split: { type: "string" },
    replace: { type: "boolean" },
    "skip-errors": { type: "boolean" },
  },
  async run(
    { output, connect, path },
    { kind, name, format, columns, header, split, replace, ...values },
    [file = ""],
  ) {
    const how = { format: parseDatasetFormat(format), columns, header, split };
    const given = { path: path(file), name, replace, ...how };
    const skips = values["skip-errors"] === true;
    const query = { ...datasetQuery(parseDatasetKind(kind), given), ...(skips && { skipErrors: true }) };
    const dataset = await connect().datasets.create(...(await datasetBody(query, given)));
    if (output.json) output.printJson(dataset);
    else {
      output.print(`${dataset.id}  ${dataset.name}  ${dataset.rows.toLocaleString("en")} rows`);
      for (const line of readingLines(dataset.reading)) output.print(line);
      if ((dataset.reading?.errors ?? 0) > 0) sayNext(output, `dataset show ${dataset.name} --errors`);
    }
    return exitCode.ok;
  },
});

export const datasetShow = defineCommand({
  name: "dataset show",
  arguments: "DATASET",
  summary: "one dataset: its first rows, or the lines that were left out",
  examples: ["espalier dataset show nli", "espalier dataset show nli --errors"],
  help: ["--rows N  so many of the first rows; default 5", "--errors  the lines that --skip-errors left out"],
  arity: [1, 1],
  options: { rows: { type: "string" }, errors: { type: "boolean" } },
  async run({ output, connect }, { rows, errors = false }, [given = ""]) {
    const { datasets } = connect();
    const id = await lookUp("dataset", given, datasets.list);
    const dataset = await datasets.get(id);
    if (errors) {
      const found = await datasets.errors(id);
      if (output.json) output.printJson(found);
      else {
        for (const line of errorLines(found.items)) output.print(line);
        const more = found.total - found.items.length;
        if (found.total === 0) output.note("no line was left out");
        else if (more > 0) output.note(`${more.toLocaleString("en")} more are not kept`);
      }
      return exitCode.ok;
    }
    const first = await datasets.rows(id, { limit: parseCount("rows", rows) ?? 5 });
    if (output.json) output.printJson({ ...dataset, first: first.items });
    else {
      const { kind, name, bytes, createdBy } = dataset;
      output.print(
        `${id}  ${name}  ${kind}  ${dataset.rows.toLocaleString("en")} rows  ${formatBytes(bytes)}`,
      );
      if (createdBy) output.print(`by ${formatAuthor(createdBy)}`);
      for (const line of readingLines(dataset.reading)) output.print(line);
      for (const row of first.items) output.print(JSON.stringify(row));
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
