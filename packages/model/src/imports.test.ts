import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";

const light =
  /^(node:|\.\/|\.\.\/(architectures|checkpoint|files|modules|tokenizer-files)\/|@espalier\/contract$)/;

test.each([
  ["architectures", light],
  ["checkpoint", light],
  // Files as spreadsheets and tables of columns write them.
  [
    "data",
    /^(node:|\.\/|\.\.\/(architectures|checkpoint|files|modules|tokenizer-files)\/|@espalier\/contract$|csv-parse$|hyparquet(-compressors)?$)/,
  ],
  ["modules", light],
  ["tokenizer-files", light],
  // A reader of checkpoints that also speaks HTTP.
  ["hub", /^(node:|\.\/|\.\.\/(checkpoint|files|outbound)\/|@espalier\/contract$|undici$)/],
  ["outbound", /^(node:|\.\/|@espalier\/contract$|undici$)/],
])("%s loads no tokenizer, so that a reader of checkpoints stays light", async (folder, allowed) => {
  const directory = new URL(`./${folder}/`, import.meta.url);
  const sources = (await readdir(directory)).filter(
    (name) => name.endsWith(".ts") && !name.endsWith(".test.ts"),
  );
  expect(sources.length).toBeGreaterThan(2);
  for (const name of sources) {
    const text = await readFile(new URL(name, directory), "utf8");
    const imported = [...text.matchAll(/\bfrom "([^"]+)"|\bimport\("([^"]+)"\)/g)].map(
      (match) => match[1] ?? match[2]!,
    );
    const heavy = imported.filter((from) => !allowed.test(from));
    expect([name, heavy]).toEqual([name, []]);
  }
});
