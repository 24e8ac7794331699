import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { demoModel, demoTriplets } from "../apps/cli/src/testing/espalier.ts";
import { startHubService, type HubService } from "./hub/service.ts";
import { blocks } from "./pages.ts";

const run = promisify(execFile);
const main = fileURLToPath(new URL("../dist/cli.mjs", import.meta.url));

let service: HubService;
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
  folder = await mkdtemp(join(tmpdir(), "espalier-readme-"));
  await mkdir(join(folder, "models"));
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

test("the first page's commands for a service do what they say, one after the other", async () => {
  const lines = [
    (await blocks("README.md", "sh", "A service that stays"))[1],
    (await blocks("README.md", "sh", "What comes out"))[0],
  ];
  const espalier = `espalier() { "${process.execPath}" "${main}" "$@"; }`;
  // As they stand, but for the length of the trainings.
  const commands = lines
    .join("\n")
    .replace(/^alias espalier=.*$/m, espalier)
    .replace(/\bsteps=\d+/g, "steps=3");
  expect(commands).toContain(espalier);
  const env = {
    ...process.env,
    HOME: folder,
    INIT_CWD: folder,
    HF_TOKEN: "hf_private",
    ESPALIER_URL: service.url,
    ESPALIER_KEY: service.key,
  };
  const { stdout } = await run("bash", ["-c", `set -euxo pipefail\n${commands}`], {
    cwd: folder,
    env,
    maxBuffer: 2 ** 24,
  });
  expect(stdout).toContain("left out: sentence-transformers");
  expect((await readdir(join(folder, "encoder"))).sort()).toEqual(["onnx", "peft", "safetensors"]);
}, 600_000);
