import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { conformance } from "./conformance.ts";
import { interpreter } from "./interpret.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "espalier-"));
});
afterAll(async () => rm(folder, { recursive: true }));

const write = async (bytes: Uint8Array) => {
  const file = join(folder, `${Math.random()}`);
  await writeFile(file, bytes);
  return file;
};

describe("the interpreter", () => {
  const engine = interpreter(async (file, offset, bytes) =>
    (await readFile(file)).subarray(offset, offset + bytes),
  );
  test.each(conformance)("$title", async ({ run }) => {
    await expect(run(engine, { writeFile: write })).resolves.toBeUndefined();
  });
});
