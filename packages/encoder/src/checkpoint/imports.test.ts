import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";

const light = /^(node:|\.\/|\.\.\/(architectures|checkpoint)\/|@espalier\/contract$)/;

test.each([
  ["architectures", light],
  ["checkpoint", light],
  ["data", light],
  // A reader of checkpoints that also speaks HTTP.
  ["checkpoint/hub", /^(node:|\.\.?\/[a-z-]+\.ts$|@espalier\/contract$|undici$)/],
])("%s loads neither tensors nor tokenizers, so that the API may read with it", async (folder, allowed) => {
  const directory = new URL(`../${folder}/`, import.meta.url);
  const sources = (await readdir(directory)).filter(
    (name) => name.endsWith(".ts") && !name.endsWith(".test.ts"),
  );
  expect(sources.length).toBeGreaterThan(3);
  for (const name of sources) {
    const text = await readFile(new URL(name, directory), "utf8");
    const imported = [...text.matchAll(/\bfrom "([^"]+)"|\bimport\("([^"]+)"\)/g)].map(
      (match) => match[1] ?? match[2]!,
    );
    const heavy = imported.filter((from) => !allowed.test(from));
    expect([name, heavy]).toEqual([name, []]);
  }
});
