import { parseArgs } from "node:util";
import { defaultPolicy, type Policy } from "@espalier/scheduler";
import { policyNames, type PolicyName } from "./views.ts";

export const usage = `usage: npm run simulate -- (--trace FILE | --synthetic KEY=VALUE,...) [options]

  --trace FILE          jobs of a Philly cluster_job_log: a JSON array, or one record a line
  --synthetic LIST      made-up jobs: jobs=10000,teams=20,seed=1,load=0.95,quotas=0
  --devices N           devices of the pool, eight a worker; default 1000
  --policy NAME         fair, fifo or sjf-oracle; default: all three, to compare
  --pass SECONDS        least time between two passes; default 30
  --restart SECONDS     what a preempted run needs to start again before it works; default 60
  --limits FACTOR       limits each job's wall time to this much of what it takes; default: no limits
  --set NAME=NUMBER     a setting of the policy, such as minRunMs=1800000; repeat
  --json FILE           write all figures there; - for stdout instead of the tables`;

/** The command line is wrong; the message says how. */
export class UsageError extends Error {
  override name = "UsageError";
}

export interface Synthetic {
  readonly jobs: number;
  readonly teams: number;
  readonly seed: number;
  readonly load: number;
  readonly quotas: boolean;
}

type NumericSetting = {
  [Name in keyof Policy]: Policy[Name] extends number ? Name : never;
}[keyof Policy];

export interface Arguments {
  readonly source: { readonly trace: string } | { readonly synthetic: Synthetic };
  readonly devices: number;
  readonly policies: readonly PolicyName[];
  readonly passMs: number;
  readonly restartMs: number;
  /** Each job's limit of wall time, as a multiple of what it takes; undefined: none has one. */
  readonly limits: number | undefined;
  readonly settings: Readonly<Partial<Record<NumericSetting, number>>>;
  /** Where the figures go as JSON; `-` is stdout. */
  readonly json: string | undefined;
}

export function readArguments(argv: readonly string[]): Arguments | "help" {
  const { values } = parse(argv);
  if (values.help) return "help";
  if ((values.trace === undefined) === (values.synthetic === undefined))
    throw new UsageError("give either --trace FILE or --synthetic jobs=...");
  const { policy } = values;
  if (policy !== undefined && !isPolicy(policy))
    throw new UsageError(`--policy is one of ${policyNames.join(", ")}, not "${policy}"`);
  return {
    source:
      values.trace === undefined ? { synthetic: readSynthetic(values.synthetic!) } : { trace: values.trace },
    devices: whole("--devices", values.devices ?? "1000", 1, 100_000),
    policies: policy === undefined ? policyNames : [policy],
    passMs: whole("--pass", values.pass ?? "30", 1, 86_400) * 1000,
    restartMs: whole("--restart", values.restart ?? "60", 0, 86_400) * 1000,
    limits: values.limits === undefined ? undefined : readLimits(values.limits),
    settings: Object.fromEntries((values.set ?? []).map(readSetting)),
    json: values.json,
  };
}

type Values = Partial<Record<Exclude<string, "help" | "set">, string>> & { help?: boolean; set?: string[] };

function readLimits(text: string): number {
  const factor = Number(text);
  if (!(factor >= 1 && factor <= 1000))
    throw new UsageError(`--limits is a number from 1 to 1000, not "${text}"`);
  return factor;
}

/** `minRunMs=1800000`, a setting that is a number. */
function readSetting(pair: string): [string, number] {
  const [name = "", text = ""] = pair.split("=");
  if (typeof (defaultPolicy as unknown as Record<string, unknown>)[name] !== "number")
    throw new UsageError(`--set knows the settings of the policy that are numbers, not "${name}"`);
  const value = Number(text);
  if (!/^\d/.test(text) || !Number.isFinite(value))
    throw new UsageError(`${name} is a number, not "${text}"`);
  return [name, value];
}

function parse(argv: readonly string[]): { values: Values } {
  const text = { type: "string" } as const;
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        trace: text,
        synthetic: text,
        devices: text,
        policy: text,
        pass: text,
        json: text,
        restart: text,
        limits: text,
        set: { type: "string", multiple: true },
        help: { type: "boolean", short: "h" },
      },
    });
    return { values: values as ReturnType<typeof parse>["values"] };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

const isPolicy = (name: string): name is PolicyName => (policyNames as readonly string[]).includes(name);

function readSynthetic(list: string): Synthetic {
  const given = new Map([
    ["jobs", "10000"],
    ["teams", "20"],
    ["seed", "1"],
    ["load", "0.95"],
    ["quotas", "0"],
  ]);
  for (const pair of list.split(",").filter(Boolean)) {
    const [key = "", value = ""] = pair.split("=");
    if (!given.has(key))
      throw new UsageError(`--synthetic knows ${[...given.keys()].join(", ")}, not "${key}"`);
    given.set(key, value);
  }
  const load = Number(given.get("load"));
  if (!(load > 0 && load <= 10)) throw new UsageError("load is a share such as 0.9, at most 10");
  return {
    jobs: whole("jobs", given.get("jobs")!, 1, 10_000_000),
    teams: whole("teams", given.get("teams")!, 1, 1000),
    seed: whole("seed", given.get("seed")!, 0, 2 ** 32 - 1),
    load,
    quotas: whole("quotas", given.get("quotas")!, 0, 1) === 1,
  };
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most)
    throw new UsageError(`${name} is a whole number from ${least} to ${most}, not "${text}"`);
  return value;
}
