import { readFile } from "node:fs/promises";

/**
 * What the fake trainer is to do beside counting steps. It comes as the triplets that a run trains on, one line a field,
 * because these reach it on the product's own way.
 */
export interface Script {
  /** Milliseconds that a step takes; default 20. */
  pace?: number;
  /** Ends itself by SIGSEGV before this step, in every attempt. */
  crash?: number;
  /** Runs out of device memory at this step, unless it may use half the chunk. */
  memory?: number;
  /** The same whatever it may use. */
  starve?: number;
  /** Says nothing more from this step on, in the first attempt that reaches it. */
  hang?: number;
  /** Kibibytes of each checkpoint; default 1. */
  weight?: number;
}

/** A dataset of triplets that says what the script does. */
export function toTriplets(script: Script): string {
  const fields = Object.entries({ pace: 20, weight: 1, ...script });
  return fields.map(([query, value]) => `${JSON.stringify({ query, positive: String(value) })}\n`).join("");
}

/** Reads what `toTriplets` wrote, after the service has normalised it. */
export async function readScript(path: string): Promise<Script> {
  const lines = (await readFile(path, "utf8")).split("\n").filter((line) => line !== "");
  return Object.fromEntries(
    lines.map((line) => {
      const { query, positive } = JSON.parse(line) as { query: string; positive: string };
      return [query, Number(positive)];
    }),
  );
}
