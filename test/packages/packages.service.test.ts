import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { openCheckpoint } from "@espalier/model";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endUp, startUp } from "../../apps/cli/src/stack/testing/up.ts";
import { demoModel, demoTriplets } from "../../apps/cli/src/testing/espalier.ts";
import { blocks } from "../documented/pages.ts";
import { HubServer } from "../../packages/model/src/testing/hub-server.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));
const unreachable = /E(NOTFOUND|TIMEDOUT|AI_AGAIN|CONNREFUSED|CONNRESET|NETUNREACH)|ENOTCACHED/;

let folder: string;
let project: string;
let program: string;
let hub: HubServer;
/** What npm said; undefined where it reached no registry. */
let installed: string | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "espalier-packages-"));
  const tarballs = join(folder, "tarballs");
  await run(process.execPath, [join(root, "infra/pack.mjs"), tarballs], { cwd: root });
  const names = (await readdir(tarballs)).filter((name) => name.endsWith(".tgz"));
  const isProgram = (name: string): boolean => /^espalier-\d/.test(name);
  project = join(folder, "project");
  const library = names.filter((name) => !isProgram(name));
  installed = await install(library.map((name) => join(tarballs, name)));
  program = await unpack(join(tarballs, names.find(isProgram)!));
  hub = await HubServer.start();
  await hub.addFolder("HuggingFaceTB/SmolLM2-135M", demoModel);
  const lines = (await readFile(demoTriplets, "utf8")).split("\n").slice(0, 128);
  await writeFile(join(project, "triplets.jsonl"), lines.join("\n"));
}, 600_000);
afterAll(async () => {
  await hub?.[Symbol.asyncDispose]();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** Installs packages into an empty project. */
async function install(tarballs: readonly string[]): Promise<string | undefined> {
  await mkdir(project);
  await writeFile(join(project, "package.json"), '{ "private": true, "type": "module" }');
  const args = ["install", "--prefer-offline", "--no-audit", "--no-fund", "--fetch-retries=0", ...tarballs];
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: "skip" };
  try {
    const { stdout, stderr } = await run("npm", args, { cwd: project, env });
    return stdout + stderr;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    if (unreachable.test(stderr)) return undefined;
    throw new Error(stdout + stderr, { cause: error });
  }
}

/**
 * Puts the package of the command line where npm would. What it depends on is found in this repository's folder, as a service's
 * packages take minutes to install; none of ours are.
 */
async function unpack(tarball: string): Promise<string> {
  const modules = join(folder, "global/node_modules");
  await mkdir(modules, { recursive: true });
  for (const name of await readdir(join(root, "node_modules")))
    if (!name.startsWith(".") && name !== "@espalier")
      await symlink(join(root, "node_modules", name), join(modules, name));
  await run("tar", ["-xzf", tarball, "-C", modules]);
  await rename(join(modules, "package"), join(modules, "espalier"));
  return join(modules, "espalier");
}

const skipUnless = (context: { skip: (condition: boolean, note: string) => void }): void =>
  context.skip(installed === undefined, "the npm registry cannot be reached");

/** The three lines of the first page. */
async function lines(): Promise<string> {
  const page = await readFile(join(root, "README.md"), "utf8");
  const section = page.split(/^## /m).find((each) => each.startsWith("Three lines\n"))!;
  return /^```ts\n(.*?)^```$/ms.exec(section)![1];
}

test("the encoder's page installs the tarballs that are made", async () => {
  const [code] = await blocks("packages/encoder/README.md", "sh", "Installing");
  const script = `npm() { printf '%s\\n' "$@"; }\n${code}`;
  const { stdout } = await run("bash", ["-euc", script], { env: { HOME: folder } });
  const named = stdout
    .split("\n")
    .filter((word) => word.endsWith(".tgz"))
    .map((path) => basename(path));
  const made = (await readdir(join(folder, "tarballs"))).filter((name) => name.endsWith(".tgz"));
  expect(named.sort()).toEqual(made.sort());
});

test("installing them says nothing of ours", (context) => {
  skipUnless(context);
  expect(installed!.split("\n").filter((line) => /warn.*espalier/i.test(line))).toEqual([]);
});

test("the three lines of the first page run under plain Node, with a model of the hub", async (context) => {
  skipUnless(context);
  await writeFile(join(project, "script.mjs"), await lines());
  const env = {
    PATH: process.env.PATH,
    HF_ENDPOINT: hub.endpoint,
    ESPALIER_HUB_ORIGINS: hub.storage,
    ESPALIER_CACHE: join(folder, "cache"),
  };
  await run(process.execPath, ["script.mjs"], { cwd: project, env });
  const pruned = await openCheckpoint(join(project, "SmolLM2-pruned"));
  await pruned.close();
  expect(pruned.config.layers).toBeLessThan(12);
});

test("they have types, with which the compiler takes the three lines", async (context) => {
  skipUnless(context);
  await writeFile(join(project, "script.ts"), await lines());
  const options = { strict: true, noEmit: true, module: "nodenext", target: "es2023", types: ["node"] };
  const typeRoots = [join(root, "node_modules/@types")];
  await writeFile(
    join(project, "tsconfig.json"),
    JSON.stringify({ compilerOptions: { ...options, typeRoots }, include: ["script.ts"] }),
  );
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const said = await run(process.execPath, [tsc, "-p", project]).catch((error: { stdout: string }) => error);
  expect(said.stdout).toBe("");
});

test("the command line runs from its package, with all that it starts", async () => {
  const { bin } = JSON.parse(await readFile(join(program, "package.json"), "utf8")) as {
    bin: { espalier: string };
  };
  const espalier = async (...args: string[]): Promise<string> => {
    const options = { cwd: folder, env: { PATH: process.env.PATH } };
    return (await run(join(program, bin.espalier), args, options)).stdout;
  };
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
  expect(await espalier("--version")).toBe(`${version}\n`);
  expect(await espalier("--help")).toMatch(/^ +train +train a model folder/m);
  expect(JSON.parse(await espalier("embed", demoModel, "A text."))).toHaveLength(128);
  // What cannot be written is no success, and a reader that stops reading is no failure.
  const command = `"${join(program, bin.espalier)}" embed "${demoModel}" a`;
  const lost = run("bash", ["-c", `${command} > /dev/full`], { env: { PATH: process.env.PATH } });
  await expect(lost).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /^error local\/disk-full: The disk of the standard output is full\.$/m,
    ) as string,
  });
  await run("bash", ["-c", `set -o pipefail; ${command} | true`], { env: { PATH: process.env.PATH } });
  // What a service needs at its start lies where it is looked for.
  for (const part of ["prisma/migrations", "apps/cli/demo"])
    expect(await readdir(join(program, part))).toEqual(await readdir(join(root, part)));
});

test("a service starts from the package, keeps its data where the user stands, and computes", async () => {
  const up = await startUp(program, join(folder, "service"), folder);
  try {
    const espalier = async (...args: string[]): Promise<string> => {
      const env = { PATH: process.env.PATH, ESPALIER_URL: up.url, ESPALIER_KEY: up.key };
      return (await run(join(program, "bin/espalier.mjs"), args, { cwd: folder, env })).stdout;
    };
    expect(await espalier("model", "import", demoModel, "--name", "demo")).toContain("READY");
    expect(await espalier("run", "submit", "prune", "--model", "demo", "--keep", "2", "--watch")).toContain(
      "SUCCEEDED",
    );
    // The dashboard, with the program that its page loads.
    const page = await (await fetch(up.url, { headers: { accept: "text/html" } })).text();
    expect(page).toContain('<base href="/"');
    const script = /<script[^>]* src="\.\/(assets\/[^"]+\.js)"/.exec(page)![1];
    const loaded = await fetch(`${up.url}/${script}`);
    expect(loaded.headers.get("content-type")).toMatch(/^text\/javascript/);
    expect((await loaded.text()).length).toBeGreaterThan(1000);
    await espalier("prune", demoModel, "cut", "--drop", "50%");
    expect(await readdir(join(folder, "cut"))).toContain("model.safetensors");
  } finally {
    expect(await endUp(up, "SIGTERM")).toBe(0);
  }
});

test("the command line's package names all that its programs import, and no source of ours", async () => {
  const manifest = JSON.parse(await readFile(join(program, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  const dist = join(program, "dist");
  const imported = new Set<string>();
  for (const name of (await readdir(dist)).filter((each) => /\.m?js$/.test(each))) {
    const code = await readFile(join(dist, name), "utf8");
    for (const [, from, lazy] of code.matchAll(
      /^(?:import|export)\b[^;"]*"([^".][^"]*)";|\bimport\("([^".][^"]*)"\)/gm,
    ))
      imported.add(from ?? lazy);
  }
  const foreign = [...imported].filter((name) => !isBuiltin(name));
  const packages = new Set(foreign.map((name) => /^(@[^/]+\/)?[^/]+/.exec(name)![0]));
  expect(packages.size).toBeGreaterThan(10);
  const named = new Set(Object.keys(manifest.dependencies));
  expect([...packages].filter((name) => !named.has(name))).toEqual([]);
});
