// Makes a fresh clone runnable: installs packages and generates the Prisma client when they are missing or stale.
// Runs before every npm script of the project, with nothing but Node at hand, so it imports nothing else.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { join } from "node:path";

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
  if (existsSync(file) && readFileSync(file, "utf8") === want) return;
  console.error(`espalier: ${what} …`);
  work();
  writeFileSync(file, want);
}

function run(command, args, env = {}) {
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: ["ignore", 2, 2],
    env: { ...process.env, ...env },
  });
  if (status !== 0) {
    console.error(`espalier: \`${command} ${args.join(" ")}\` failed; the lines above say why.`);
    process.exit(1);
  }
}

fresh("node_modules/.espalier-installed", "package-lock.json", "installing packages (npm ci)", () =>
  run("npm", ["ci", "--no-audit", "--no-fund"], { ONNXRUNTIME_NODE_INSTALL: "skip" }),
);
if (existsSync(join(root, "prisma/schema.prisma"))) {
  fresh("packages/store/src/generated/.stamp", "prisma/schema.prisma", "generating the Prisma client", () =>
    // Prisma 7 looks for its schema engine before `generate`, which does not use it; any existing file satisfies the look.
    run(process.execPath, ["node_modules/prisma/build/index.js", "generate"], {
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      PRISMA_HIDE_UPDATE_MESSAGE: "1",
    }),
  );
}
