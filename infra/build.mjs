// Builds the programs of the repository into dist/: Node starts one file of a program three to four times as fast as its
// hundreds of sources, which a loader would have to strip of their types first. Packages of npm stay where they are.
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
const stamp = join(dist, ".stamp");

/** What is started as a process or as a thread. An image has only the apps that it runs. */
export const programs = [
  "apps/api/src/main.ts",
  "apps/api/src/plan/thread/main.ts",
  "apps/api/src/scheduler/thread/main.ts",
  "apps/cli/src/main.ts",
  "apps/cli/src/stack/app-host/main.ts",
  "apps/cli/src/stack/postgres-host/main.ts",
  "apps/compute/src/gang/device/main.ts",
  "apps/compute/src/main.ts",
  "apps/worker/src/main.ts",
  // The chaos suite, its workers and their compute processes, all of which it starts again and again.
  "test/chaos/main.ts",
  "test/chaos/trainer/main.ts",
  "test/chaos/worker/main.ts",
].filter((program) => existsSync(join(root, program)));

/** All programs lie side by side: `cli-stack-app-host` is apps/cli/src/stack/app-host/main.ts. */
const nameOf = (program) => program.replace(/^apps\/|\/src|\/main\.ts$/g, "").replaceAll("/", "-");

/** A hash of the names, times and sizes of all sources; reading them all would take longer. */
export function fingerprint() {
  const hash = createHash("sha256").update(readFileSync(fileURLToPath(import.meta.url)));
  const visit = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        // The dashboard is no program of Node, and is built by dashboard.mjs.
        if (!["node_modules", "dashboard"].includes(entry.name) && !entry.name.startsWith(".")) visit(path);
      } else if (/\.(ts|mjs|json)$/.test(entry.name)) {
        const { mtimeMs, size } = statSync(path);
        hash.update(`${relative(root, path)} ${mtimeMs} ${size}\n`);
      }
    }
  };
  for (const folder of ["apps", "packages", "test/chaos", "test/servers"])
    if (existsSync(join(root, folder))) visit(join(root, folder));
  return hash.digest("hex");
}

/** Whether dist/ was built from these sources. Where there are none yet, as in the first layer of an image, nothing is to do. */
export const isBuilt = (sources) =>
  programs.length === 0 || (existsSync(stamp) && readFileSync(stamp, "utf8") === sources);

const plugin = {
  name: "espalier",
  setup(build) {
    // Our own packages are sources, and typebox is hundreds of files that every program would look for one by one. All others
    // are found in node_modules when the program runs.
    build.onResolve({ filter: /^[^./]/ }, ({ path, importer }) =>
      /^(@espalier\/|typebox(\/|$))/.test(path) || importer.includes("/node_modules/typebox/")
        ? undefined
        : { path, external: true },
    );
    // A module looks for files beside itself, and these stay beside its source.
    build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const contents = readFileSync(path, "utf8");
      if (!contents.includes("import.meta.url")) return undefined;
      const source = JSON.stringify(relative(dist, path));
      return {
        loader: "ts",
        contents: contents.replaceAll("import.meta.url", `new URL(${source}, import.meta.url).href`),
      };
    });
  },
};

/** Chunks that a running process may still have to load are kept this long. */
const keptDays = 7;

/** The files that dist/ is to have, or those of some programs. */
export async function bundlePrograms(chosen = programs) {
  const esbuild = await import("esbuild");
  const { outputFiles } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: chosen.map((program) => ({ in: program, out: nameOf(program) })),
    outdir: dist,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    keepNames: true,
    write: false,
    logLevel: "warning",
    plugins: [plugin],
  });
  return outputFiles;
}

async function build(sources) {
  const outputFiles = await bundlePrograms();
  mkdirSync(dist, { recursive: true });
  for (const { path, contents } of outputFiles) {
    // A process that starts at this moment reads the old file or the new one.
    const fresh = `${path}.${process.pid}`;
    writeFileSync(fresh, contents);
    renameSync(fresh, path);
  }
  for (const name of readdirSync(dist)) {
    const path = join(dist, name);
    if (name.endsWith(".mjs") && Date.now() - statSync(path).mtimeMs > keptDays * 86_400_000) rmSync(path);
  }
  writeFileSync(stamp, sources);
}

if (pathToFileURL(process.argv[1] ?? "").href === import.meta.url && programs.length > 0)
  await build(fingerprint());
