import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { modelTypes, openCheckpoint } from "@espalier/model";
import { afterEach, beforeEach, expect, test } from "vitest";
import { HubServer } from "../../packages/model/src/testing/hub-server.ts";
import { demoModel, demoTriplets } from "../../apps/cli/src/testing/espalier.ts";
import { groups } from "../../apps/cli/src/commands/index.ts";
import { blocks, examples, root } from "./pages.ts";
import { writeTaskFolders } from "./task-folders.ts";

const run = promisify(execFile);
const tsx = ["--import", "tsx"];

let folder: string;
let hub: HubServer;
beforeEach(async () => {
  hub = await HubServer.start();
  await hub.addFolder("HuggingFaceTB/SmolLM2-135M", demoModel);
  // In the clone, where packages are found, as the pages say.
  await mkdir(join(root, ".tsbuild"), { recursive: true });
  folder = await mkdtemp(join(root, ".tsbuild/readme-"));
  await symlink(demoModel, join(folder, "SmolLM2-135M"));
  const lines = (await readFile(demoTriplets, "utf8")).split("\n").slice(0, 128);
  await writeFile(join(folder, "triplets.jsonl"), lines.join("\n"));
  await writeFile(join(folder, "texts.txt"), "one\ntwo\nthree\n");
  const pairs = (await readFile(join(demoModel, "../sts.jsonl"), "utf8")).split("\n").slice(0, 40);
  await writeFile(join(folder, "sts.jsonl"), pairs.join("\n"));
  await writeTaskFolders(folder);
  const rows = pairs.map((line, i) => {
    const { score, sentence1, sentence2 } = JSON.parse(line) as Record<string, string>;
    return ["main", "news", "2026", i, score, sentence1, sentence2].join("\t");
  });
  await writeFile(join(folder, "sts-test.csv"), rows.join("\n"));
});
afterEach(async () => {
  await hub[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** Runs blocks of a page as one script, which must also be right for the compiler. */
async function runScript(code: readonly string[]): Promise<string> {
  await writeFile(join(folder, "script.ts"), code.join("\n"));
  await writeFile(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: join(root, "tsconfig.base.json"),
      compilerOptions: {
        composite: false,
        emitDeclarationOnly: false,
        noEmit: true,
        noUncheckedIndexedAccess: false,
        types: ["node"],
      },
      include: ["script.ts"],
    }),
  );
  const options = { cwd: folder };
  await run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", folder], options).catch(
    (error: { stdout: string }) => {
      throw new Error(error.stdout);
    },
  );
  const env = {
    ...process.env,
    HF_ENDPOINT: hub.endpoint,
    ESPALIER_HUB_ORIGINS: hub.storage,
    ESPALIER_CACHE: join(folder, "cache"),
  };
  return (await run(process.execPath, [...tsx, "script.ts"], { ...options, env })).stdout;
}

async function layersOf(name: string): Promise<number> {
  const checkpoint = await openCheckpoint(join(folder, name));
  await checkpoint.close();
  return checkpoint.config.layers;
}

test("the three lines of the first page prune a model", async () => {
  const code = await blocks("README.md", "ts", "Three lines");
  expect(code).toHaveLength(1);
  await runScript(code);
  expect(await layersOf("SmolLM2-pruned")).toBeGreaterThan(6);
});

test("so do its commands, which also embed", async () => {
  const [commands] = await blocks("README.md", "sh", "Three lines");
  const main = join(root, "dist/cli.mjs");
  const espalier = `espalier() { "${process.execPath}" "${main}" "$@"; }`;
  const script = `set -euo pipefail\n${commands}\n`.replace(/^alias espalier=.*$/m, espalier);
  expect(script).toContain(espalier);
  // npm tells the command line where the user stands; it may have told this test another place.
  const env = { ...process.env, INIT_CWD: folder };
  const { stdout } = await run("bash", ["-c", script], { cwd: folder, env, maxBuffer: 2 ** 24 });
  expect(stdout).toContain("layers kept");
  expect(await layersOf("SmolLM2-small")).toBeLessThanOrEqual(6);
  expect(await layersOf("SmolLM2-cut")).toBe(8);
  const lines = stdout.split("\n").filter((line) => line.startsWith("["));
  expect(lines.map((line) => (JSON.parse(line) as number[]).length)).toEqual([128, 128]);
  expect(await readFile(join(folder, "vectors.npy"), "latin1")).toContain("'shape': (3, 128)");
  expect(stdout).toMatch(/^sts +spearman +\d\.\d+ +40$/m);
  expect(await layersOf("SmolLM2-export/safetensors")).toBe(8);
});

test("the examples in help of the commands on folders run, one after the other", async () => {
  const onFolders = groups
    .find(({ title }) => title.startsWith("On folders"))!
    .commands.map(({ name }) => name);
  // What a service's model is exported to is an example of the first page too.
  const lines = examples.filter(
    ({ name, line }) => onFolders.includes(name) && !line.startsWith("espalier export encoder "),
  );
  const main = join(root, "dist/cli.mjs");
  const script = [
    "set -euo pipefail",
    `espalier() { "${process.execPath}" "${main}" "$@"; }`,
    ...lines.map(({ line }) => line),
  ];
  const env = { ...process.env, INIT_CWD: folder };
  await run("bash", ["-c", script.join("\n")], { cwd: folder, env, maxBuffer: 2 ** 24 });
  expect(await layersOf("SmolLM2-scattered")).toBe(7);
  expect(await layersOf("SmolLM2-export")).toBe(8);
}, 240_000);

test("the code of the encoder's page runs, one block after the other", async () => {
  const code = await blocks("packages/encoder/README.md", "ts");
  expect(code).toHaveLength(3);
  const out = await runScript(code);
  expect(out).toMatch(/^2 true\n(\d+ \d\.\d+\n){10}true\n$/);
  expect(await layersOf("SmolLM2-trained")).toBe(await layersOf("SmolLM2-pruned"));
});

test("the encoder's page lists every architecture that is read", async () => {
  const text = await readFile(join(root, "packages/encoder/README.md"), "utf8");
  const [, table] = text.split("## Architectures\n");
  const listed = [...table.split("\n## ")[0].matchAll(/^\| `([\w-]+)` \|/gm)].map(([, name]) => name);
  expect(listed).toEqual(modelTypes);
});
