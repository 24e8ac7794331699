import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DeviceKind } from "@espalier/contract";
import type { Probe } from "../probe.ts";

/** Where `npm run setup:tfjs` puts the packages: out of the reach of `npm ci`, in a folder above this file. */
const installed = join(".engines", "tfjs");

/** Packages with a binding to TensorFlow, the best first; that with CUDA computes on processors too. */
const packagesFor: { readonly [Kind in DeviceKind]: readonly string[] } = {
  cpu: ["@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs-node"],
  cuda: ["@tensorflow/tfjs-node-gpu"],
  webgpu: [],
};

export interface Binding {
  readonly name: string;
  readonly version: string;
  /** Folder of the package. */
  readonly folder: string;
}

/** Files from which packages are looked for, as Node looks for them from a module. */
function* origins(): Generator<string> {
  yield import.meta.url;
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const manifest = join(folder, installed, "package.json");
    if (existsSync(manifest)) yield manifest;
    if (folder === dirname(folder)) return;
  }
}

/** The binding to TensorFlow for a kind of device, and packages that lack theirs. */
export function findBinding(kind: DeviceKind): { found?: Binding; broken: readonly Binding[] } {
  const broken: Binding[] = [];
  for (const origin of origins()) {
    const require = createRequire(origin);
    for (const name of packagesFor[kind]) {
      let manifest: string;
      try {
        manifest = require.resolve(`${name}/package.json`);
      } catch {
        continue;
      }
      const { version } = require(manifest) as { version: string };
      const binding = { name, version, folder: dirname(manifest) };
      if (existsSync(join(binding.folder, "lib", "napi-v8", "tfjs_binding.node")))
        return { found: binding, broken };
      broken.push(binding);
    }
  }
  return { broken };
}

/** Whether TensorFlow computes here on a kind of device. */
export function probeTensorFlow(kind: DeviceKind): Probe {
  const { found, broken } = findBinding(kind);
  if (found) return { installed: true, what: `${found.name} ${found.version}` };
  const [first] = broken;
  return {
    installed: false,
    missing: first
      ? `${first.name} is there without its binding to TensorFlow.`
      : `${packagesFor[kind].join(" or ") || "A package for it"} is not installed.`,
  };
}
