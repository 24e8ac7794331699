// `npm run setup:tfjs [-- --gpu]`: makes the engine `tfjs` available on this host. The package's own installer would download a
// TensorFlow of 2022 (with CUDA 11.2) from a host that closed networks do not reach, so its binding is built here against a
// current TensorFlow from PyPI, which exports the same C API. It needs npm, pip and g++; nothing is installed outside
// .engines/tfjs, where `npm ci` does not delete it.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { download, extract, noWheels, requirementsOf, runner } from "./wheels.mjs";

const version = "4.22.0";
const tensorflow = "2.21.0";
const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, ".engines/tfjs");
const stamp = join(folder, ".installed");
const began = Date.now();

const args = process.argv.slice(2);
const unknown = args.find((arg) => arg !== "--gpu");
if (unknown !== undefined) {
  console.error(`setup:tfjs knows --gpu alone, not ${unknown}.`);
  process.exit(2);
}
const gpu = args.includes("--gpu");
const name = gpu ? "@tensorflow/tfjs-node-gpu" : "@tensorflow/tfjs-node";
const wheel = gpu ? "tensorflow" : "tensorflow-cpu";
if (noWheels !== undefined) stop(noWheels);
const home = join(folder, "node_modules", name);

function stop(message) {
  console.error(`setup:tfjs: ${message}`);
  process.exit(1);
}
const say = (message) => console.log(`setup:tfjs: ${message}`);

const run = runner(stop);

/** Loads it and computes, in a process of its own; undefined when that fails. */
function verify() {
  const program = `
    const util = require("node:util");
    util.isNullOrUndefined ??= (value) => value === null || value === undefined;
    const tf = require(${JSON.stringify(home)});
    const product = tf.matMul(tf.ones([256, 256]), tf.fill([256, 256], 2)).dataSync();
    if (!product.every((value) => value === 512)) throw new Error("it computes wrongly");
    console.log(JSON.stringify({ tensorflow: tf.version["tensorflow"] ?? "", gpu: tf.backend().isUsingGpuDevice === true }));`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["-e", program], {
    encoding: "utf8",
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "2" },
  });
  if (status === 0) return { loads: true, ...JSON.parse(stdout.trim().split("\n").at(-1)) };
  return { loads: false, reason: stderr.trim().slice(-2000) };
}

function tellSuccess({ gpu: onGpu }) {
  const where = onGpu
    ? "It computes on this host's GPU."
    : gpu
      ? "There is no CUDA device on this host, so it computes on the processor here."
      : "It computes on the processor.";
  say(`${name} ${version} with TensorFlow ${tensorflow} loads and computes. ${where}`);
  say(`use it by ESPALIER_ENGINE=tfjs; workers find it when they start.`);
}

/** What was made by the same versions and this script is not made again. */
const wanted = createHash("sha256")
  .update(readFileSync(fileURLToPath(import.meta.url)))
  .update(name)
  .digest("hex");
if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) {
  const verified = verify();
  if (verified.loads) {
    say("nothing to do.");
    tellSuccess(verified);
    process.exit(0);
  }
  say("what is there does not load any more, and is made again.");
}

const downloads = join(tmpdir(), `espalier-tfjs-${process.pid}`);
process.on("exit", () => rmSync(downloads, { recursive: true, force: true }));
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
mkdirSync(downloads, { recursive: true });

say(`npm: ${name}@${version}`);
writeFileSync(
  join(folder, "package.json"),
  JSON.stringify({ private: true, dependencies: { [name]: version } }),
);
run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], {
  cwd: folder,
  advice: " The npm registry has to be reached.",
});

const deps = join(home, "deps");
say(`pip: ${wheel}==${tensorflow}`);
const main = download(run, downloads, `${wheel}==${tensorflow}`);
const include = "tensorflow/include/";
extract(
  run,
  main,
  ["tensorflow/libtensorflow_cc.so.2", "tensorflow/libtensorflow_framework.so.2"],
  join(deps, "lib"),
  { cut: "tensorflow/" },
);
extract(
  run,
  main,
  ["tensorflow/c", "tensorflow/core/platform", "tsl", "xla/tsl"].map((path) => `${include}${path}/`),
  join(deps, "include"),
  { cut: include },
);
if (gpu) {
  // The loader of TensorFlow looks for them beside its own folder, as they lie in Python's site-packages.
  const cuda = requirementsOf(run, main, "and-cuda").filter(([package_]) => package_.startsWith("nvidia-"));
  if (cuda.length === 0) stop(`the wheel of ${wheel} ${tensorflow} names no package of CUDA.`);
  for (const [package_, range] of cuda) {
    say(`pip: ${package_}`);
    const path = download(run, downloads, `${package_}${range}`, { anyPython: true });
    extract(run, path, ["nvidia/"], deps);
    rmSync(path);
  }
}
for (const [link, file] of [
  ["libtensorflow.so", "libtensorflow_cc.so.2"],
  ["libtensorflow_framework.so", "libtensorflow_framework.so.2"],
])
  symlinkSync(file, join(deps, "lib", link));
// Half of the library are names that nothing here looks up; without binutils they stay.
spawnSync("strip", ["--strip-unneeded", join(deps, "lib", "libtensorflow_cc.so.2")]);

let headers = join(dirname(process.execPath), "..", "include", "node");
if (!existsSync(join(headers, "node_api.h"))) {
  say("npm: node-api-headers, as Node's own are not beside it");
  run(
    "npm",
    [
      "install",
      "--ignore-scripts",
      "--no-audit",
      "--no-fund",
      "--no-save",
      "--loglevel=error",
      "node-api-headers@1.5.0",
    ],
    { cwd: folder },
  );
  headers = join(folder, "node_modules/node-api-headers/include");
}
say("g++: the binding");
mkdirSync(join(home, "lib/napi-v8"), { recursive: true });
const flags = [
  "-O2",
  "-std=c++17",
  "-fPIC",
  "-shared",
  "-DNAPI_VERSION=8",
  "-DNODE_GYP_MODULE_NAME=tfjs_binding",
  "-DBUILDING_NODE_EXTENSION",
];
run(
  "g++",
  [
    ...flags,
    `-I${headers}`,
    "-Ideps/include",
    "-Ibinding",
    "binding/tfjs_backend.cc",
    "binding/tfjs_binding.cc",
    "-o",
    "lib/napi-v8/tfjs_binding.node",
    "-Ldeps/lib",
    "-Wl,-rpath,$ORIGIN/../../deps/lib",
    "-ltensorflow",
    "-ltensorflow_framework",
  ],
  { cwd: home, advice: " It comes with Debian's g++." },
);

const verified = verify();
if (!verified.loads) stop(`it was built, and does not load:\n${verified.reason}`);
writeFileSync(stamp, wanted);
const megabytes = Math.round(statSync(join(deps, "lib/libtensorflow_cc.so.2")).size / 1e6);
say(`done in ${Math.round((Date.now() - began) / 1000)} s; libtensorflow_cc.so.2 has ${megabytes} MB.`);
tellSuccess(verified);
