import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { writeTaskFolders } from "./task-folders.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { demoModel, demoTriplets } from "../../apps/cli/src/testing/espalier.ts";
import { startHubService, type HubService } from "../hub/service.ts";
import { blocks, root } from "./pages.ts";

const run = promisify(execFile);
const main = fileURLToPath(new URL("../../dist/cli.mjs", import.meta.url));

let service: HubService;
let key: string;
/** Where the user stands, who is at home there too. */
let folder: string;
beforeAll(async () => {
  service = await startHubService();
  for (const name of ["HuggingFaceTB/SmolLM2-135M-Instruct", "org/name"])
    await service.hub.addFolder(
      name,
      demoModel,
      name === "org/name" ? { branch: "v1.0", token: "hf_private" } : {},
    );
  await service.worker();
  const { store, teamId } = service.pool;
  ({ text: key } = await store.teams.createKey(teamId, { name: "operator", role: "admin", operator: true }));
  folder = await mkdtemp(join(tmpdir(), "espalier-readme-"));
  await mkdir(join(folder, "models"));
  await mkdir(join(folder, ".espalier"));
  await writeFile(join(folder, ".espalier/key"), key);
  await cp(demoModel, join(folder, "models/MyModel"), { recursive: true });
  const triplets = (await readFile(demoTriplets, "utf8")).split("\n").slice(0, 640);
  await writeFile(join(folder, "triplets.jsonl"), triplets.join("\n"));
  const pairs = (await readFile(join(demoModel, "../sts.jsonl"), "utf8")).trim().split("\n").slice(0, 40);
  const rows = pairs.map((line, i) => {
    const { score, sentence1, sentence2 } = JSON.parse(line) as Record<string, string>;
    return ["main", "news", "2026", i, score, sentence1, sentence2].join("\t");
  });
  await writeFile(join(folder, "sts-test.csv"), rows.join("\n"));
});
afterAll(async () => {
  await service?.close();
  await rm(folder, { recursive: true });
});

/** Runs lines of a page in bash, in the user's folder. */
async function runThere(commands: string, cwd = folder): Promise<string> {
  const espalier = `espalier() { "${process.execPath}" "${main}" "$@"; }`;
  const script = commands.replace(/^alias espalier=.*$/gm, "");
  const env = {
    ...process.env,
    HOME: folder,
    INIT_CWD: folder,
    HF_TOKEN: "hf_private",
    ESPALIER_URL: service.url,
    ESPALIER_KEY: key,
  };
  const options = { cwd, env, maxBuffer: 2 ** 24 };
  return (await run("bash", ["-c", `set -euxo pipefail\n${espalier}\n${script}`], options)).stdout;
}

test("the first page's commands for a service do what they say, one after the other", async () => {
  const lines = [
    (await blocks("README.md", "sh", "A service that stays"))[1],
    (await blocks("README.md", "sh", "What comes out"))[0],
  ];
  // As they stand, but for the length of the trainings.
  const commands = lines.join("\n").replace(/\bsteps=\d+/g, "steps=3");
  const stdout = await runThere(commands);
  expect(stdout).toContain("left out: sentence-transformers");
  expect((await readdir(join(folder, "encoder"))).sort()).toEqual(["onnx", "peft", "safetensors"]);
}, 600_000);

test("bare texts are registered and train by SimCSE, and an export that fails says why", async () => {
  const stdout = await runThere(`
    printf 'one cat\\ntwo dogs\\nthree birds\\nfour trees\\n' > bare.txt
    espalier dataset add bare.txt --kind texts --format lines --name bare
    espalier run submit train --model pruned --dataset bare --set objective=simcse --set steps=2 --set batchSize=4 --name bare --watch
    espalier export pruned --format peft 2>&1 || echo "code $?"`);
  expect(stdout).toMatch(/bare {2}4 rows/);
  expect(stdout).toMatch(/train {2}SUCCEEDED/);
  expect(stdout).toMatch(/export\/unsupported[^]*no adapter[^]*code 3/);
}, 300_000);

test("what it says of the API, of operators and of teams works on the same service", async () => {
  const [curl] = await blocks("README.md", "sh", "The API");
  const runs = await runThere(curl.replace("http://127.0.0.1:7070", service.url));
  expect((JSON.parse(runs) as { items: unknown[] }).items.length).toBeGreaterThan(3);
  // A worker that the page names, on which no run has room.
  const device = (position: number) => ({
    position,
    kind: "cuda" as const,
    address: `cuda:${position}`,
    identity: `GPU-${position}`,
    name: "a card",
    engine: "onnx-cuda",
    memoryBytes: 1e6,
  });
  await service.pool.store.workers.register({
    name: "gpu-3",
    host: "host-3",
    version: "0",
    devices: [0, 1].map(device),
  });
  const [, ...pool] = await blocks("README.md", "sh", "A team's deployment");
  expect(pool.length).toBeGreaterThan(1);
  const said = await runThere(pool.join("\n"));
  expect(said).toContain("gpu-3");
  expect(said).toMatch(/^nlp +3 /m);
}, 120_000);

test("docs/evaluation.md registers folders of tasks, and measures a folder by them", async () => {
  await writeTaskFolders(folder);
  await cp(demoModel, join(folder, "SmolLM2-cut"), { recursive: true });
  const stdout = await runThere((await blocks("docs/evaluation.md", "sh", "Datasets of tasks"))[0]);
  expect(stdout).toMatch(/ scifact +7 rows\n.* banking77 +6 rows\n/);
  expect(stdout).toMatch(/^scifact +ndcg_at_10 +[01]\.\d+ +2$/m);
  expect(stdout).toMatch(/^banking77 +accuracy +[01]\.\d+ +2$/m);
});

test("docs/experiment-file.md checks an experiment in YAML, submits it, compares its variants and writes its report", async () => {
  // As it stands, but for its length: fewer variants and seeds, and a name that the first page has not taken.
  const [file] = await blocks("docs/experiment-file.md", "yaml");
  const short = file
    .replace("name: first", "name: short")
    .replace(/variants: .*/, "variants: [none, 8]")
    .replace(/batchSize: 32/, "batchSize: 4")
    .replace(/steps: \d+/, "steps: 3")
    .replace(/seeds: .*/, "seeds: [1, 2]");
  await writeFile(join(folder, "first.yaml"), short);
  const [commands] = await blocks("docs/experiment-file.md", "sh", "What is there already");
  const stdout = await runThere(commands.replace(/(compare|report) first/g, "$1 short"));
  expect(stdout).toMatch(/^8 layers +after +\d+ % .* 2$/m);
  expect(await readFile(join(folder, "report/report.md"), "utf8")).toContain("and over 2 seeds");
  expect((await readdir(join(folder, "report"))).sort()).toEqual(["report.html", "report.json", "report.md"]);
  // All of it is there already.
  expect(await runThere("espalier experiment check first.yaml")).toMatch(/there already: none before/);
}, 300_000);

test("docs/access.md makes, lists, rotates and revokes keys", async () => {
  // The first page has given this team an admin, who makes its keys from then on.
  await service.sql(
    "update api_key set revoked_at = now() where team_id = (select id from team where name = 'nlp')",
  );
  const commands = [
    ...(await blocks("docs/access.md", "sh", "Operators")),
    ...(await blocks("docs/access.md", "sh", "Keys")),
  ];
  expect(commands).toHaveLength(2);
  expect(await runThere(commands.join("\n"))).toMatch(/ci\b/);
}, 60_000);

test("the secrets of a deployment are made as the first page makes them", async () => {
  const [code] = await blocks("README.md", "sh", "A team's deployment");
  const lines = code.split("\n").filter((line) => !/^(docker|npm) /.test(line));
  // In the clone, where the packages are found.
  await mkdir(join(root, ".tsbuild"), { recursive: true });
  const clone = await mkdtemp(join(root, ".tsbuild/deployment-"));
  try {
    await run("bash", ["-euc", lines.join("\n")], { cwd: clone });
    expect(await readFile(join(clone, ".env"), "utf8")).toMatch(
      /^POSTGRES_PASSWORD=\w{48}\nPOSTGRES_OWNER_PASSWORD=\w{48}\nPOSTGRES_API_PASSWORD=\w{48}\nPOSTGRES_WORKER_PASSWORD=\w{48}\nREDIS_PASSWORD=\w{48}\nESPALIER_SECRET=\w{64}\nESPALIER_BOOTSTRAP_KEY=esp_\S+\n$/,
    );
    expect((await stat(join(clone, ".env"))).mode & 0o777).toBe(0o600);
  } finally {
    await rm(clone, { recursive: true });
  }
});

test("the statements of docs/operations.md are those of this database", async () => {
  const statements = await blocks("docs/operations.md", "sql");
  expect(statements.length).toBeGreaterThan(1);
  for (const statement of statements) expect((await service.sql(statement)).length).toBeGreaterThan(0);
});
