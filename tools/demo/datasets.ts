import { scoredPairs, triplets } from "./pairs.ts";
import { Random } from "./random.ts";

const TRIPLETS = 4800;
const PAIRS = 900;

const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

/** The demo's data files, by name. */
export const datasets = (seed: number): Record<"triplets.jsonl" | "sts.jsonl", string> => ({
  "triplets.jsonl": lines(triplets(new Random(seed, "triplets"), TRIPLETS)),
  "sts.jsonl": lines(scoredPairs(new Random(seed, "sts"), PAIRS)),
});
