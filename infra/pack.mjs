// Makes the packages that npm publishes, as folders and tarballs in dist/npm (or the folder that is given): the library, a package for
// each of ours that it is made of, and `espalier`, which is the command line with all programs that it starts. In the repository
// packages are sources; what is published is built, and has types.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { bundlePrograms, programs } from "./build.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const target = resolve(process.argv[2] ?? join(root, "dist/npm"));
const readJson = (path) => JSON.parse(readFileSync(join(root, path), "utf8"));
const { version, license, engines, repository, overrides } = readJson("package.json");

/** The library and what it is made of, in an order in which they can be published. */
const library = {
  contract: "The words of Espalier: schemas of its API and its errors, and a client.",
  tensor: "Tensors as a graph, with gradients, for engines to compute.",
  onnx: "Tensor graphs as ONNX models and files.",
  engine: "Computes tensor graphs: ONNX Runtime, TensorFlow.",
  model: "Language models on disk and on the hub: configs, checkpoints, tokenizers, templates and data.",
  encoder: "Language models as text encoders: prune them, train them, embed texts.",
};

function run(command, args, cwd = root) {
  const { status, stdout } = spawnSync(command, args, {
    cwd,
    stdio: ["ignore", "pipe", 2],
    encoding: "utf8",
  });
  if (status !== 0) {
    console.error(`espalier: \`${command} ${args.join(" ")}\` failed:\n${stdout}`);
    process.exit(1);
  }
  return stdout;
}

const filesOf = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

/** Ours have one version; all others are pinned where they stand. */
const pinned = (dependencies = {}) =>
  Object.fromEntries(
    Object.entries(dependencies).map(([name, range]) => [
      name,
      name.startsWith("@espalier/") ? version : range,
    ]),
  );

function writeManifest(folder, manifest) {
  const whole = { version, license, ...(repository && { repository }), type: "module", engines, ...manifest };
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(whole, null, 2)}\n`);
  cpSync(join(root, "LICENSE"), join(folder, "LICENSE"));
}

async function packLibrary(name, description) {
  const source = join(root, "packages", name);
  const folder = join(target, name);
  const { exports, dependencies } = readJson(`packages/${name}/package.json`);
  // Tests alone use what is made for them.
  const entries = Object.entries(exports).filter(([path]) => !["./conformance", "./testing"].includes(path));
  const outOf = (path) => (path === "." ? "index" : path.slice(2));
  await build({
    absWorkingDir: root,
    entryPoints: entries.map(([path, file]) => ({ in: join(source, file), out: outOf(path) })),
    outdir: join(folder, "dist"),
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    packages: "external",
    keepNames: true,
    logLevel: "warning",
  });
  const types = join(root, ".tsbuild/packages", name);
  for (const path of filesOf(types)) {
    if (!path.endsWith(".d.ts") || /\.test\.d\.ts$|\/testing\//.test(path)) continue;
    const text = readFileSync(path, "utf8").replaceAll(/((?:from |import\()"\.{1,2}\/[^"]+)\.ts"/g, '$1.js"');
    const copy = join(folder, "types", relative(types, path));
    mkdirSync(dirname(copy), { recursive: true });
    writeFileSync(copy, text);
  }
  // Scripts that run as processes or threads of their own are looked for beside the module that starts them.
  for (const path of filesOf(join(source, "src")))
    if (path.endsWith(".mjs") && !path.includes("/testing/"))
      cpSync(path, join(folder, "dist", path.split("/").at(-1)));
  const readme = join(source, "README.md");
  if (existsSync(readme)) cpSync(readme, join(folder, "README.md"));
  else
    writeFileSync(
      join(folder, "README.md"),
      `# @espalier/${name}\n\n${description} A part of @espalier/encoder.\n`,
    );
  writeManifest(folder, {
    name: `@espalier/${name}`,
    description,
    exports: Object.fromEntries(
      entries.map(([path, file]) => [
        path,
        {
          types: file.replace("./src/", "./types/").replace(/\.ts$/, ".d.ts"),
          default: `./dist/${outOf(path)}.js`,
        },
      ]),
    ),
    files: ["dist", "types"],
    sideEffects: false,
    dependencies: pinned(dependencies),
  });
  return folder;
}

/** What programs find beside their sources. */
const companions = [
  "apps/cli/demo",
  "packages/model/src/templates/render-chat-child.mjs",
  "packages/process/src/lifeline-thread.mjs",
  "prisma",
];

async function packPrograms() {
  const folder = join(target, "espalier");
  mkdirSync(join(folder, "dist"), { recursive: true });
  const apps = programs.filter((program) => program.startsWith("apps/"));
  for (const { path, contents } of await bundlePrograms(apps))
    writeFileSync(join(folder, "dist", relative(join(root, "dist"), path)), contents);
  cpSync(join(root, "dist/dashboard"), join(folder, "dist/dashboard"), { recursive: true });
  for (const path of companions) cpSync(join(root, path), join(folder, path), { recursive: true });
  mkdirSync(join(folder, "bin"));
  const bin = join(folder, "bin/espalier.mjs");
  writeFileSync(bin, '#!/usr/bin/env node\nimport "../dist/cli.mjs";\n');
  chmodSync(bin, 0o755);
  cpSync(join(root, "README.md"), join(folder, "README.md"));
  const manifests = ["apps", "packages"].flatMap((kind) =>
    readdirSync(join(root, kind)).map((name) => readJson(`${kind}/${name}/package.json`)),
  );
  // Our own packages and typebox are in the programs.
  const bundled = ([name]) => name.startsWith("@espalier/") || name === "typebox";
  const dependencies = manifests.flatMap((manifest) =>
    Object.entries(manifest.dependencies ?? {}).filter((each) => !bundled(each)),
  );
  // npm reads overrides where it stands alone: elsewhere a version is held by naming it.
  dependencies.push(...Object.entries(overrides));
  writeManifest(folder, {
    name: "espalier",
    description: readJson("package.json").description,
    bin: { espalier: "bin/espalier.mjs" },
    files: ["bin", "dist", ...companions],
    dependencies: Object.fromEntries(dependencies.sort(([a], [b]) => (a < b ? -1 : 1))),
  });
  return folder;
}

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-b", "packages/encoder"]);
const folders = [];
for (const [name, description] of Object.entries(library)) folders.push(await packLibrary(name, description));
folders.push(await packPrograms());
for (const folder of folders) {
  const [{ filename, size }] = JSON.parse(
    run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", target], folder),
  );
  console.log(
    `${relative(process.cwd(), join(target, filename))}  ${Math.ceil(size / 1000).toLocaleString("en")} kB`,
  );
}
