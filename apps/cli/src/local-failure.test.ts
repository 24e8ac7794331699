import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { espalier } from "./testing/espalier.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "espalier-local-"));
  await writeFile(join(folder, "file"), "{");
});
afterAll(() => rm(folder, { recursive: true }));

/** A command line in `folder`, with a service that does not answer. */
async function run(...args: string[]): Promise<{ code: number; failure: Record<string, string> }> {
  const environment = { ESPALIER_URL: "http://127.0.0.1:1", ESPALIER_KEY: "x" };
  const { code, err } = await espalier([...args, "--json"], { cwd: folder, environment });
  const lines = err.trim().split("\n");
  return { code, failure: JSON.parse(lines.at(-1)!) as Record<string, string> };
}

/** Every command that reads something of the user's, by what it reads. */
const readers: Record<"file" | "folder", ((path: string) => string[])[]> = {
  file: [
    (path) => ["dataset", "add", path, "--kind", "sts"],
    (path) => ["experiment", "submit", "--spec", path],
    (path) => ["run", "submit", "--spec", path],
    (path) => ["graph", "submit", path],
    (path) => ["schedule", "add", "nightly", "--cron", "0 3 * * *", "--timezone", "UTC", "--spec", path],
  ],
  folder: [
    (path) => ["model", "import", path],
    (path) => ["prune", path, "pruned", "--layers", "2"],
    (path) => ["l3prune", path, "--triplets", "file", "--out", "pruned"],
    (path) => ["train", path, "--triplets", "file", "--out", "trained"],
    (path) => ["evaluate", path, "--sts", "file"],
    (path) => ["export", `${path}/`, "--out", "exported"],
    (path) => ["embed", path],
  ],
};

describe.each([...readers.file, ...readers.folder])("%#. a path that does not exist", (command) => {
  test("is not found, in words that name it and say what to do", async () => {
    const { code, failure } = await run(...command("absent/one"));
    expect({ code, ...failure }).toEqual({
      code: "local/not-found",
      message: `${join(folder, "absent/one")} does not exist.`,
      hint: expect.stringContaining("check the spelling") as string,
    });
    expect(code).toBe(5);
  });
});

test.each(readers.file)("%#. a folder in place of a file is said to be one", async (command) => {
  const { code, failure } = await run(...command("."));
  expect(failure).toMatchObject({ code: "local/is-a-folder" });
  expect(code).toBe(2);
});

test.each(readers.folder)("%#. a file in place of a folder is said to be none", async (command) => {
  const { code, failure } = await run(...command("file"));
  expect(failure.message).toMatch(/file is not a folder/);
  expect([1, 5]).toContain(code);
});

test("a place where nothing can be written is refused before anything is computed", async () => {
  const { failure } = await run("export", "model", "--out", "file/below");
  expect(failure).toMatchObject({
    code: "local/not-found",
    message: expect.stringContaining("file/below") as string,
  });
});

test.each(["http://127.0.0.1:99999", "127.0.0.1:7070", "ftp://127.0.0.1", "no address"])(
  "%s is a slip in the address, and no service that does not answer",
  async (url) => {
    const { code, failure } = await run("run", "list", "--url", url);
    expect({ exit: code, ...failure }).toMatchObject({ exit: 2, code: "usage" });
    expect(failure.message).toContain(`"${url}" is not the address of a service`);
  },
);

test.each(["0", "-1", "65536", "http"])("a port of %s is refused", async (port) => {
  const { code, failure } = await run("up", `--port=${port}`);
  expect({ exit: code, ...failure }).toMatchObject({ exit: 2, code: "usage" });
});

test("a port that another program has is not replaced in silence by another", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen({ port: 0, host: "127.0.0.1" }, resolve));
  const { port } = other.address() as AddressInfo;
  try {
    const { code, failure } = await run("up", "--port", String(port), "--data", "stack");
    expect({ exit: code, ...failure }).toMatchObject({
      exit: 1,
      code: "local/port-in-use",
      message: `Another program listens on 127.0.0.1:${port}.`,
    });
  } finally {
    other.close();
  }
});
