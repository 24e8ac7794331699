// `npm run setup:cuda`: makes the engine `onnx-cuda` available on this host. ONNX Runtime's provider for CUDA is taken from PyPI, in
// exactly the version of the library that npm has installed, and with it NVIDIA's own libraries (some 2 GB); all of it goes to
// .engines/cuda, where `npm ci` does not delete it. The driver is the host's.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { download, extract, noWheels, requirementsOf, runner } from "./wheels.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, ".engines/cuda");
const stamp = join(folder, ".installed");
const began = Date.now();

function stop(message) {
  console.error(`setup:cuda: ${message}`);
  process.exit(1);
}
const say = (message) => console.log(`setup:cuda: ${message}`);
const run = runner(stop);

if (process.argv.length > 2) {
  console.error(`setup:cuda takes no options, not ${process.argv[2]}.`);
  process.exit(2);
}
if (noWheels !== undefined) stop(noWheels);
const runtime = join(root, "node_modules/onnxruntime-node");
if (!existsSync(runtime)) stop("npm has not installed the packages yet: `npm ci` does.");
const { version } = JSON.parse(readFileSync(join(runtime, "package.json"), "utf8"));
const binaries = join("bin", "napi-v6", "linux", process.arch);
if (!existsSync(join(runtime, binaries)))
  stop(`onnxruntime-node ${version} has no folder ${binaries}; this script is for another version.`);

/** Whether the engine computes here, as the doctor of the command line finds it, or why not. */
function verify() {
  const args = [join(root, "dist/cli.mjs"), "doctor", "--engine", "onnx-cuda", "--json"];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  try {
    const [{ state, what }] = JSON.parse(stdout).findings;
    return { computed: state === "ok", reason: what };
  } catch {
    return stop(`what was installed could not be tried:\n${(stderr || stdout).trim().slice(-2000)}`);
  }
}

function tellSuccess({ computed, reason }) {
  if (computed) say(`ONNX Runtime ${version} loads and computes on this host's GPU.`);
  else
    say(
      `ONNX Runtime ${version} and its libraries are in place, and this host cannot use them yet: ${reason}`,
    );
  say("workers find it when they start.");
}

/** What was made for the same version by this script is not made again. */
const wanted = createHash("sha256")
  .update(readFileSync(fileURLToPath(import.meta.url)))
  .update(version)
  .digest("hex");
if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) {
  say("nothing to do.");
  tellSuccess(verify());
  process.exit(0);
}

const downloads = join(tmpdir(), `espalier-cuda-${process.pid}`);
process.on("exit", () => rmSync(downloads, { recursive: true, force: true }));
rmSync(folder, { recursive: true, force: true });
mkdirSync(downloads, { recursive: true });

// The library looks for providers beside itself, so it is there once more.
const home = join(folder, "node_modules/onnxruntime-node");
mkdirSync(dirname(home), { recursive: true });
for (const part of ["package.json", "dist", binaries])
  cpSync(join(runtime, part), join(home, part), { recursive: true });
const common = createRequire(join(runtime, "package.json")).resolve("onnxruntime-common");
// Each copy registers its backends in the other package, so that this one has its own.
cpSync(/^.*\/onnxruntime-common(?=\/)/.exec(common)[0], join(folder, "node_modules/onnxruntime-common"), {
  recursive: true,
});
writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));

say(`pip: onnxruntime-gpu==${version}`);
const wheel = download(run, downloads, `onnxruntime-gpu==${version}`);
for (const name of ["shared", "cuda"])
  extract(run, wheel, [`onnxruntime/capi/libonnxruntime_providers_${name}.so`], join(home, binaries), {
    flat: true,
  });
const needed = ["cuda", "cudnn"].flatMap((extra) => requirementsOf(run, wheel, `extra == "${extra}"`));
if (needed.length === 0) stop(`the wheel of onnxruntime-gpu ${version} names no package of CUDA.`);
const [, runtimeRange] = needed.find(([name]) => name.startsWith("nvidia-cuda-runtime")) ?? [];
// The package of cuDNN brings this one in Python.
const blas = ["nvidia-cublas", runtimeRange];
for (const [name, range] of [blas, ...needed]) {
  say(`pip: ${name}${range}`);
  const path = download(run, downloads, `${name}${range}`, { anyPython: true });
  extract(run, path, ["nvidia/"], join(home, binaries), { flat: true });
  rmSync(path);
}
const files = readdirSync(join(home, binaries)).length;
const verified = verify();
writeFileSync(stamp, wanted);
say(`done in ${Math.round((Date.now() - began) / 1000)} s; ${files} files are in ${join(home, binaries)}.`);
tellSuccess(verified);
