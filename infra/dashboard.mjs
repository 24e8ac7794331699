// Builds the dashboard into dist/dashboard, each file also as brotli and gzip, so that the API compresses nothing while it serves.
// `--size` prints what a browser loads until it draws the first chart, and fails where that is more than it may be.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const root = fileURLToPath(new URL("..", import.meta.url));
const sources = join(root, "apps/dashboard");
const target = join(root, "dist/dashboard");
const stamp = join(target, ".stamp");

/** JavaScript until the first chart, in bytes by gzip. */
const mostBytes = 150_000;
/** The page that draws the first chart. */
const chartPage = "src/run/run-page.tsx";

const filesOf = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("node_modules"))
    .map((entry) => join(entry.parentPath, entry.name));

/** A hash of the names, times and sizes of what it is built from. */
export function dashboardFingerprint() {
  const hash = createHash("sha256").update(readFileSync(fileURLToPath(import.meta.url)));
  const shared = ["datasets/task-types.ts", "http/sse.ts", "remedies.ts", "runs/waiting-words.ts"].map(
    (path) => join(root, "packages/contract/src", path),
  );
  for (const path of [...filesOf(sources), ...shared].sort()) {
    const { mtimeMs, size } = statSync(path);
    hash.update(`${relative(root, path)} ${mtimeMs} ${size}\n`);
  }
  return hash.digest("hex");
}

/** Whether an image has the sources, and has not been built from these. */
export const isDashboardStale = () =>
  existsSync(join(sources, "vite.config.ts")) &&
  !(existsSync(stamp) && readFileSync(stamp, "utf8") === dashboardFingerprint());

export async function buildDashboard() {
  const print = dashboardFingerprint();
  // Whoever builds it in a test has another one, and would get React's build for development.
  process.env.NODE_ENV = "production";
  const { build } = await import("vite");
  const fresh = `${target}.${process.pid}`;
  await build({
    configFile: join(sources, "vite.config.ts"),
    logLevel: "error",
    build: { outDir: fresh, emptyOutDir: true },
  });
  for (const path of filesOf(fresh)) {
    if (!/\.(js|css|svg)$/.test(path)) continue;
    const bytes = readFileSync(path);
    const quality = { [constants.BROTLI_PARAM_QUALITY]: 10 };
    writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: quality }));
    writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
  }
  writeFileSync(join(fresh, ".stamp"), print);
  // An API that starts between these two finds no dashboard, and one that runs has read its files.
  rmSync(target, { recursive: true, force: true });
  renameSync(fresh, target);
}

/** Prints the scripts until the first chart; returns their bytes by gzip. */
function measure() {
  const manifest = JSON.parse(readFileSync(join(target, ".vite/manifest.json"), "utf8"));
  const seen = new Set();
  const visit = (name) => {
    if (seen.has(name)) return;
    seen.add(name);
    for (const each of manifest[name].imports ?? []) visit(each);
  };
  visit("index.html");
  visit(chartPage);
  for (const name of manifest[chartPage].dynamicImports ?? []) visit(name);
  const sizes = [...seen]
    .map((name) => manifest[name].file)
    .filter((file) => file.endsWith(".js"))
    .map((file) => ({ file, bytes: statSync(join(target, `${file}.gz`)).size }))
    .sort((a, b) => b.bytes - a.bytes);
  for (const { file, bytes } of sizes) console.log(`${(bytes / 1000).toFixed(1).padStart(7)} kB  ${file}`);
  return sizes.reduce((sum, { bytes }) => sum + bytes, 0);
}

if (pathToFileURL(process.argv[1] ?? "").href === import.meta.url) {
  if (process.argv.includes("--size")) {
    const bytes = measure();
    console.log(
      `${(bytes / 1000).toFixed(1).padStart(7)} kB  of JavaScript by gzip until the first chart; ${mostBytes / 1000} are allowed`,
    );
    process.exitCode = bytes > mostBytes ? 1 : 0;
  } else if (isDashboardStale()) await buildDashboard();
}
