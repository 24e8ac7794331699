import { engineNames, type DeviceKind, type EngineName, type Precision } from "@espalier/contract";
import type { Engine } from "@espalier/tensor";
import { engines } from "./engines.ts";
import type { EngineOptions } from "./options.ts";
import { engineUnavailable, type Probe } from "./probe.ts";

export const isEngineName = (name: string): name is EngineName => engineNames.some((known) => known === name);

/** Names of the engines that compute on this kind of device, the best first, whether they are installed or not. */
export const enginesFor = (kind: DeviceKind): EngineName[] =>
  engineNames.filter((name) => engines[name].devices.includes(kind));

/** What each engine for a kind of device needs, by name. */
export const probeEngines = (kind: DeviceKind): Map<EngineName, Probe> =>
  new Map(enginesFor(kind).map((name) => [name, engines[name].probe(kind)]));

/** Those of `enginesFor` that are installed here. */
export const installedEngines = (kind: DeviceKind): EngineName[] =>
  [...probeEngines(kind)].flatMap(([name, { installed }]) => (installed ? [name] : []));

/** Why nothing computes on this kind of device here, and the commands that change it; for a person. */
export function missingEngines(kind: DeviceKind): string {
  const ways = [...probeEngines(kind)].flatMap(([name, probe]) => {
    if (probe.installed) return [];
    const command = engines[name].install?.(kind);
    return [`${name}: ${probe.missing}${command === undefined ? "" : ` \`${command}\` installs it.`}`];
  });
  return `No installed engine computes on ${kind}. ${ways.join(" ")} Then start the worker again.`;
}

/**
 * An engine by name; its library is loaded when it is first used.
 * @throws {RangeError} for a name that there is not, or a precision that the engine lacks; `open` then rejects with
 * `device/engine-unavailable` where it is not installed
 */
export function chooseEngine(name: string, options: EngineOptions = {}): Engine {
  if (!isEngineName(name))
    throw new RangeError(`there is no engine "${name}"; there is: ${engineNames.join(", ")}`);
  const { devices, probe, install, load } = engines[name];
  const precision = precisionOf(name, options.precision);
  const kind = kindOf(options.device) ?? devices[0]!;
  let loaded: Promise<Engine> | undefined;
  return {
    name,
    async open(outputs, weights) {
      const probed = probe(kind);
      if (!probed.installed)
        throw engineUnavailable(`${name} is not installed: ${probed.missing}`, install?.(kind));
      loaded ??= load({ ...options, precision });
      return (await loaded).open(outputs, weights);
    },
  };
}

/** The kind of device that an address such as `cuda:0` is of. */
const kindOf = (address: string | undefined): DeviceKind | undefined => {
  const [kind] = address?.split(":") ?? [];
  return kind === "cpu" || kind === "cuda" ? kind : kind === undefined ? undefined : "webgpu";
};

/** The precisions of an engine, the first its default. */
export const precisionsOf = (name: EngineName): readonly Precision[] => engines[name].precisions;

/** @throws {RangeError} for a precision that the engine lacks */
export function precisionOf(name: EngineName, precision?: Precision): Precision {
  const { precisions } = engines[name];
  if (precision === undefined) return precisions[0];
  if (precisions.includes(precision)) return precision;
  throw new RangeError(`${name} does not compute in ${precision}; it has ${precisions.join(", ")}`);
}
