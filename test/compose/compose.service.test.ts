import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createClient, newApiKey } from "@espalier/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runDemo } from "../../apps/cli/src/demo/demo.ts";
import { freePort } from "../../apps/cli/src/stack/port.ts";
import { createOutput } from "../../apps/cli/src/terminal/output.ts";
import { inContainers } from "../servers/kind.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** An image with Node and nothing of ours, which `.ci/docker` makes where asked; the clone is mounted into it. */
const image = "espalier-test-app";

const answers = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;
const compose = answers("docker", "compose", "version")
  ? ["docker", "compose"]
  : answers("docker-compose", "version")
    ? ["docker-compose"]
    : undefined;
const why = !inContainers()
  ? "the servers of these tests are in no containers"
  : compose === undefined
    ? "there is no Docker Compose"
    : answers("docker", "image", "inspect", image)
      ? undefined
      : `there is no image ${image}, which .ci/docker makes with ESPALIER_CI_CONTAINERS=all`;

describe.skipIf(why)(`docker-compose.yml${why ? ` (skipped: ${why})` : ""}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "espalier-compose-"));
  const key = newApiKey();
  let url: string;

  function run(...args: string[]): string {
    const [command = "", ...first] = compose!;
    const files = ["docker-compose.yml", "app.json"].flatMap((name) => ["-f", join(folder, name)]);
    const all = [
      ...first,
      "--env-file",
      join(folder, ".env"),
      "--project-directory",
      folder,
      "-p",
      "espalier-test",
      ...files,
    ];
    const { status, stdout, stderr } = spawnSync(command, [...all, ...args], { encoding: "utf8" });
    expect(status, stderr).toBe(0);
    return stdout.trim();
  }

  const secretOf = (name: string): string =>
    new RegExp(`^${name}=(\\w+)$`, "m").exec(readFileSync(join(folder, ".env"), "utf8"))![1];

  beforeAll(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    // Compose 1 knows no names of projects; this one is named by its option.
    const file = readFileSync(join(root, "docker-compose.yml"), "utf8").replace(/^name: .*$/m, "");
    writeFileSync(join(folder, "docker-compose.yml"), file);
    const app = (...command: string[]) => ({ image, command, volumes: [`${root}:/app:ro`] });
    const services = {
      owner: app("node", "dist/api.mjs", "owner"),
      api: app("node", "dist/api.mjs"),
      worker: app("node", "dist/worker.mjs"),
    };
    writeFileSync(join(folder, "app.json"), JSON.stringify({ services }));
    const secrets = ["POSTGRES", "POSTGRES_OWNER", "POSTGRES_API", "POSTGRES_WORKER", "REDIS"].map(
      (name) => `${name}_PASSWORD=${randomBytes(24).toString("hex")}`,
    );
    const more = [
      `ESPALIER_SECRET=${randomBytes(32).toString("hex")}`,
      `ESPALIER_BOOTSTRAP_KEY=${key}`,
      `ESPALIER_PORT=${port}`,
    ];
    writeFileSync(join(folder, ".env"), [...secrets, ...more, ""].join("\n"), { mode: 0o600 });
    run("up", "--no-build", "--detach");
  }, 300_000);
  afterAll(() => {
    run("down", "--volumes", "--timeout", "10");
    rmSync(folder, { recursive: true });
  });

  it("brings a deployment up, on which the demo's experiment runs over Redis", async () => {
    await expect
      .poll(
        () =>
          fetch(`${url}/readyz`).then(
            (answer) => answer.json(),
            () => undefined,
          ),
        { timeout: 120_000 },
      )
      .toEqual({ status: "ok", database: "up", queue: "up", dataFolder: "ready" });
    const client = createClient({ url, key });
    const demo = join(root, "apps/cli/demo");
    const input = {
      modelFolder: join(demo, "model"),
      triplets: { path: join(demo, "triplets.jsonl") },
      sts: [{ path: join(demo, "sts.jsonl") }],
      recipe: {
        name: "demo",
        search: { batches: 4, batchSize: 32 },
        training: { steps: 8, batchSize: 32, learningRate: 3e-3 },
        encoding: { maxLength: 64 },
      },
    };
    const output = createOutput({
      stdout: process.stderr,
      stderr: process.stderr,
      json: false,
      noColor: true,
    });
    const { experiment, runs } = await runDemo(client, input, output, AbortSignal.timeout(600_000));
    expect(runs.map(({ state }) => state)).toEqual(runs.map(() => "SUCCEEDED"));
    expect(experiment.state).toBe("SUCCEEDED");
    const keys = run(
      "exec",
      "-T",
      "redis",
      "redis-cli",
      "-a",
      secretOf("REDIS_PASSWORD"),
      "--no-auth-warning",
      "keys",
      "espalier:*",
    );
    expect(keys.split("\n").length).toBeGreaterThan(1);
  }, 900_000);

  it("lets nobody in as a superuser but the one who has made the owner", () => {
    const sql =
      "select string_agg(distinct usename, ' ' order by usename) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()";
    const users = run(
      "exec",
      "-T",
      "-e",
      `PGPASSWORD=${secretOf("POSTGRES_PASSWORD")}`,
      "postgres",
      "psql",
      "-h",
      "127.0.0.1",
      "-U",
      "espalier",
      "-d",
      "espalier",
      "-Atc",
      sql,
    );
    expect(users).toBe("espalier_api espalier_worker");
  });
});
