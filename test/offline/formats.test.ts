import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DatasetKind } from "@espalier/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { datasetQuery } from "../../apps/cli/src/arguments/dataset-file.ts";
import { storeDataset } from "../../apps/cli/src/offline/dataset.ts";
import { streamFile } from "../../apps/cli/src/service/model-folder.ts";
import { demoModel, espalier } from "../../apps/cli/src/testing/espalier.ts";
import { startTestApi, type TestApi } from "../api/service.ts";

/** Files as pandas and pyarrow (which is how datasets does it) write them: tools/oracle/datasets/make_goldens.py. */
const goldens = fileURLToPath(new URL("../../packages/model/src/data/goldens", import.meta.url));

let api: TestApi;
let folder: string;
beforeAll(async () => {
  api = await startTestApi();
  folder = await mkdtemp(join(tmpdir(), "espalier-formats-"));
});
afterAll(async () => {
  await api?.close();
  if (folder) await rm(folder, { recursive: true });
});

const kindOf = (name: string): DatasetKind =>
  name.startsWith("sts") ? "sts" : name.startsWith("texts") ? "texts" : "triplets";

test.each(await readdir(goldens))("commands on folders read %s as the service does", async (name) => {
  const file = { path: join(goldens, name), name: name.replaceAll(".", "-") };
  const kind = kindOf(name);
  const dataset = await api.client.datasets.create(datasetQuery(kind, file), await streamFile(file.path));
  const [{ location }] = await api.store.sql<{ location: string }>(
    "select a.location from dataset d join artifact a on a.id = d.artifact_id where d.id = $1",
    [dataset.id],
  );
  const told: string[] = [];
  const target = join(folder, name);
  await storeDataset(kind, file, target, { warn: (line) => told.push(line) });
  const stored = await readFile(join(api.store.dataFolder.path, location), "utf8");
  expect(await readFile(target, "utf8")).toBe(stored);
  expect(stored.trimEnd().split("\n")).toHaveLength(dataset.rows);
  const ignored = (dataset.reading?.ignored ?? []).map(({ name }) => name);
  expect(told.length).toBe(ignored.length > 0 ? 1 : 0);
  for (const each of ignored) expect(told[0]).toContain(each);
});

test("train and l3prune take a table with other names, and say what of it they ignored", async () => {
  const run = (args: string) => espalier(args.replace("MODEL", demoModel).split(" "), { cwd: folder });
  const data = join(goldens, "pandas-zstd.parquet");
  const trained = await run(`train MODEL --triplets ${data} --set steps=1 --set batchSize=2 --out trained`);
  expect(trained).toMatchObject({ code: 0, err: expect.stringContaining("ignored: id, source") as string });
  const csv = join(goldens, "pandas-semicolon.csv");
  const searched = await run(
    `l3prune MODEL --triplets ${csv} --format csv --set batches=1 --set batchSize=2 --json`,
  );
  expect(searched.code).toBe(0);
  const columns = await run(
    `l3prune MODEL --triplets ${csv} --columns query=id,positive=positive --set batches=1 --set batchSize=2 --json`,
  );
  expect(columns.code).toBe(0);
  expect(await run(`train MODEL --triplets ${csv} --format xlsx --out never`)).toMatchObject({
    code: 2,
    err: expect.stringContaining("jsonl, json, csv, tsv, parquet, lines") as string,
  });
});
