/**
 * Writes the demo's training triplets and its evaluation pairs.
 *
 *   node --import tsx tools/demo/generate.ts [--out apps/cli/demo] [--seed 1]
 *
 * The same seed gives the same bytes everywhere.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { datasets } from "./datasets.ts";

const { values } = parseArgs({
  options: { out: { type: "string", default: "apps/cli/demo" }, seed: { type: "string", default: "1" } },
});
await mkdir(values.out, { recursive: true });
for (const [name, content] of Object.entries(datasets(Number(values.seed)))) {
  await writeFile(join(values.out, name), content);
}
