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
    "--format jsonl|tsv|lines    default: tsv when --columns is given, else jsonl; lines: one text a line",
    "--columns LIST        of a tsv: 1-based positions, such as score=5,sentence1=6,sentence2=7",
    "--header              the first line of the tsv is a header",
  ],
  arity: [1, 1],
  options: {
    kind: { type: "string" },
    name: { type: "string" },
    format: { type: "string" },
    columns: { type: "string" },
    header: { type: "boolean" },
  },
  async run({ output, connect, path }, { kind, name, format, columns, header }, [file = ""]) {
    if (kind !== "triplets" && kind !== "sts" && kind !== "texts")
      throw new UsageError("--kind must be `triplets`, `sts` or `texts`");
    if (format !== undefined && format !== "jsonl" && format !== "tsv" && format !== "lines")
      throw new UsageError("--format must be `jsonl`, `tsv` or `lines`");
    const query = datasetQuery(kind, { path: path(file), name, format, columns, header });
    const dataset = await connect().datasets.create(query, await streamFile(path(file)));
    if (output.json) output.printJson(dataset);
    else output.print(`${dataset.id}  ${dataset.name}  ${dataset.rows.toLocaleString("en")} rows`);
    return exitCode.ok;
  },
});

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
