import { mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commands } from "./commands/index.ts";
import { demoModel, demoTriplets, espalier } from "./testing/espalier.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "espalier-local-"));
  await writeFile(join(folder, "file"), "{");
});
afterAll(() => rm(folder, { recursive: true }));

/** A command line in `folder`, with a service that does not answer. */
async function run(...args: string[]): Promise<{ code: number; failure: Record<string, string> }> {
  const environment = { ESPALIER_URL: "http://127.0.0.1:1", ESPALIER_KEY: "x" };
  // `demo` writes its result to the file that --json names.
  const json = args[0] === "demo" ? [] : ["--json"];
  const { code, err } = await espalier([...args, ...json], { cwd: folder, environment });
  const text = err.trim();
  if (json.length > 0)
    return { code, failure: JSON.parse(text.split("\n").at(-1)!) as Record<string, string> };
  const [, kind = "", message = "", hint = ""] = /^error ([^:]+): (.*)(?:\n {2}(.*))?$/.exec(text) ?? [];
  return { code, failure: { code: kind, message, hint } };
}

/** Every command that reads something of the user's, by what it reads. */
const readers: Record<"file" | "folder", ((path: string) => string[])[]> = {
  file: [
    (path) => ["dataset", "add", path, "--kind", "sts"],
    (path) => ["experiment", "submit", "--spec", path],
    (path) => ["experiment", "check", path],
    (path) => ["run", "submit", "--spec", path],
    (path) => ["graph", "submit", path],
    (path) => ["schedule", "add", "nightly", "--cron", "0 3 * * *", "--timezone", "UTC", "--spec", path],
    (path) => ["train", demoModel, "--triplets", path, "--out", "trained"],
    (path) => ["train", demoModel, "--texts", path, "--out", "trained"],
    (path) => ["l3prune", demoModel, "--triplets", path],
    (path) => ["evaluate", demoModel, "--sts", path],
    (path) => ["demo", "--model", demoModel, "--triplets", path, "--sts", "file"],
    (path) => ["demo", "--model", demoModel, "--triplets", "file", "--sts", path],
  ],
  folder: [
    (path) => ["model", "import", path],
    (path) => ["prune", path, "pruned", "--keep", "2"],
    (path) => ["l3prune", path, "--triplets", "file", "--out", "pruned"],
    (path) => ["train", path, "--triplets", "file", "--out", "trained"],
    (path) => ["evaluate", path, "--sts", "file"],
    (path) => ["export", `${path}/`, "--out", "exported"],
    (path) => ["embed", path],
    (path) => ["demo", "--model", path, "--triplets", "file", "--sts", "file"],
  ],
};

/** Every command that writes where the user says. */
const writers: ((path: string) => string[])[] = [
  (path) => ["prune", demoModel, path, "--keep", "2"],
  (path) => ["l3prune", demoModel, "--triplets", demoTriplets, "--out", path],
  (path) => ["train", demoModel, "--triplets", demoTriplets, "--out", path],
  (path) => ["export", `${demoModel}/`, "--out", path],
  (path) => ["export", "encoder", "--out", path],
  (path) => ["experiment", "report", "first", "--out", path],
  (path) => ["up", "--data", path],
  (path) => ["demo", "--json", path],
];

test("every command that takes a file or a folder is in these tables", () => {
  const lines = [...readers.file, ...readers.folder, ...writers].map((command) => command("x"));
  const covered = commands.filter(({ name }) => lines.some((line) => line.join(" ").startsWith(`${name} `)));
  const takes = commands.filter((command) =>
    /\b(FILE|DIR|OUT)\b/.test([command.arguments, ...(command.help ?? [])].join(" ")),
  );
  expect(takes.filter((command) => !covered.includes(command)).map(({ name }) => name)).toEqual([]);
  expect(takes.length).toBeGreaterThan(10);
});

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

test.each(writers)("%#. a place below a file is refused before anything is computed", async (command) => {
  const { code, failure } = await run(...command("file/below"));
  expect(failure).toMatchObject({
    code: "local/not-found",
    message: expect.stringContaining("file/below") as string,
  });
  expect(code).toBe(5);
});

// Not even root may make a folder there.
test.runIf(process.platform === "linux").each(writers)(
  "%#. a place where the system lets nobody write is said to be one, before anything is computed",
  async (command) => {
    const { code, failure } = await run(...command("/sys/espalier"));
    expect(failure).toMatchObject({
      code: "local/no-permission",
      message: expect.stringContaining("/sys/espalier") as string,
      hint: expect.stringContaining("choose another place") as string,
    });
    expect(code).toBe(1);
  },
);

// Not even root may read it.
const unreadable = "/proc/sys/vm/compact_memory";

test.runIf(process.platform === "linux").each(readers.file)(
  "%#. a file that may not be read is said to be one",
  async (command) => {
    const { code, failure } = await run(...command(unreadable));
    expect({ exit: code, ...failure }).toEqual({
      exit: 1,
      code: "local/no-permission",
      message: `You may not read or write ${unreadable}.`,
      hint: "change its permissions, or choose another place",
    });
  },
);

test.runIf(process.platform === "linux").each(readers.folder)(
  "%#. a model of which a file may not be read is refused before anything is computed",
  async (command) => {
    const model = await mkdtemp(join(folder, "model-"));
    for (const name of await readdir(demoModel)) await symlink(join(demoModel, name), join(model, name));
    await rm(join(model, "model.safetensors"));
    await symlink(unreadable, join(model, "model.safetensors"));
    const { code, failure } = await run(...command(model));
    expect({ exit: code, ...failure }).toMatchObject({
      exit: 1,
      code: "local/no-permission",
      message: expect.stringMatching(/^You may not read or write .*\/model\.safetensors\.$/) as string,
    });
  },
);

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
