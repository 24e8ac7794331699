import type { Limits, Needs, PriorityClass } from "@espalier/contract";
import { UsageError } from "../command.ts";
import { parseDuration } from "./duration.ts";
import { given, parseCount } from "./settings.ts";

/** Options of a submission that say what a run needs of the pool. */
export const needsOptions = {
  class: { type: "string" },
  devices: { type: "string" },
  kind: { type: "string", multiple: true },
  label: { type: "string", multiple: true },
  memory: { type: "string" },
  shares: { type: "boolean" },
  "wall-time": { type: "string" },
} as const;

export const needsHelp = [
  "--class C            urgent, normal (default) or idle: may interrupt others; or makes room for them",
  "--devices N --kind cuda --label zone=a   devices that it needs, all on one worker; repeat kind and label",
  "--memory 12GB        what it may take of each device (default: predicted): it then chooses its chunks and what it keeps; --shares lets others use the rest",
  "--wall-time 4h       how long it may compute, all attempts together; then it saves and ends",
] as const;

interface Values {
  class?: string | undefined;
  devices?: string | undefined;
  kind?: string[] | undefined;
  label?: string[] | undefined;
  memory?: string | undefined;
  shares?: boolean | undefined;
  "wall-time"?: string | undefined;
}

/** The service checks them against the schema and names the field that is wrong. */
export function parseNeeds(values: Values): { class?: PriorityClass; needs?: Needs; limits?: Limits } {
  const needs = given({
    devices: parseCount("devices", values.devices),
    kinds: values.kind as Needs["kinds"],
    labels: values.label,
    memoryBytes: parseBytes("memory", values.memory),
    shares: values.shares,
  });
  return given({ class: values.class as PriorityClass | undefined, needs, limits: parseLimits(values) });
}

function parseLimits({ "wall-time": wallTime }: Values): Limits {
  return wallTime === undefined ? {} : { wallSeconds: parseDuration("wall-time", wallTime) };
}

const units: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** `12GB`, `512 MiB` or a number of bytes. */
export function parseBytes(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, number = "", unit = ""] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text) ?? [];
  const factor = units[unit.toLowerCase()];
  if (number === "" || factor === undefined)
    throw new UsageError(`--${name} must be a number of bytes such as 12GB, not \`${text}\``);
  return Math.round(Number(number) * factor);
}
