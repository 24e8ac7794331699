import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type * as ort from "onnxruntime-node";
import { engineUnavailable } from "../probe.ts";

export type OnnxRuntime = Pick<typeof ort, "InferenceSession" | "Tensor">;

/** Where `npm run setup:cuda` puts ONNX Runtime once more, with its provider: out of the reach of `npm ci`. */
const installed = join(".engines", "cuda", "package.json");

/** ONNX Runtime with its provider for CUDA: the folder of its package, and that of its libraries. */
export function findOnCuda(): { manifest: string; libraries: string; version: string } | undefined {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const manifest = join(folder, installed);
    if (existsSync(manifest)) {
      const require = createRequire(manifest);
      const own = require.resolve("onnxruntime-node/package.json");
      const libraries = join(dirname(own), "bin", "napi-v6", process.platform, process.arch);
      const { version } = require(own) as { version: string };
      if (existsSync(join(libraries, provider))) return { manifest, libraries, version };
    }
    if (folder === dirname(folder)) return undefined;
  }
}

const provider = "libonnxruntime_providers_cuda.so";

/** NVIDIA's libraries in the order in which one needs another; the others follow them. */
const order = [
  "libcudart",
  "libnvrtc",
  "libcublasLt",
  "libcublas",
  "libcurand",
  "libcufft",
  "libcudnn_graph",
];

/** Flags of dlopen: stay when closed, and serve the names that others look for. */
const stay = 0x1000 | constants.dlopen.RTLD_LAZY | constants.dlopen.RTLD_GLOBAL;

/**
 * ONNX Runtime with its provider for CUDA, and NVIDIA's libraries for it, once in a process.
 * @throws {Problem} `device/engine-unavailable` when it is not installed
 */
export function loadOnCuda(): OnnxRuntime {
  const found = findOnCuda();
  if (!found)
    throw engineUnavailable("ONNX Runtime's provider for CUDA is not installed.", "npm run setup:cuda");
  const rank = (name: string): number => {
    const at = order.findIndex((each) => name.startsWith(`${each}.`));
    return at < 0 ? order.length : at;
  };
  const names = readdirSync(found.libraries)
    .filter((name) => /^lib(cu|nv)[^/]*\.so/.test(name))
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  // The loader finds a library by its name where one of that name is there already, whatever its folder.
  for (const name of names) loadLibrary(join(found.libraries, name));
  loadLibrary(join(found.libraries, "libonnxruntime.so.1"));
  loadLibrary(join(found.libraries, "libonnxruntime_providers_shared.so"));
  // ONNX Runtime says only that it failed to load its provider; the loader says why.
  const reason = loadLibrary(join(found.libraries, provider));
  if (reason !== undefined)
    throw engineUnavailable(whyNotOnCuda(reason) ?? `${provider} does not load: ${reason}`);
  return createRequire(found.manifest)("onnxruntime-node") as OnnxRuntime;
}

/** Loads a library for good; what the system's loader says where it cannot. */
function loadLibrary(path: string): string | undefined {
  try {
    process.dlopen({ exports: {} }, path, stay);
  } catch (error) {
    const { message } = error as Error;
    // It is loaded, and no addon for Node, which is known.
    if (!message.startsWith("Module did not self-register")) return message;
  }
  return undefined;
}

/** Why the provider does not start, for a person; undefined for other errors. */
export function whyNotOnCuda(message: string): string | undefined {
  const [, missing] = /(lib[\w.-]+): cannot open shared object file/.exec(message) ?? [];
  if (missing === "libcuda.so.1")
    return "There is no CUDA device on this host: NVIDIA's driver is not installed (libcuda.so.1).";
  if (missing !== undefined) return `${missing} is missing on this host.`;
  if (/no CUDA-capable device|CUDA failure (100|35|803)\b|cudaErrorNoDevice|insufficient/i.test(message))
    return "There is no CUDA device on this host that its driver can use.";
  return undefined;
}
