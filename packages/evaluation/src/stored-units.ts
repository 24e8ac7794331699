import type { TaskType } from "@espalier/contract";
import type { Units } from "./measured.ts";

/** The units of one dataset, as an evaluation stores them beside its scores. */
export interface StoredUnits extends Units {
  readonly datasetId: string;
  readonly task: TaskType;
  /** Layers that were kept for it, where one run measures several depths. */
  readonly layers?: number;
}

/** Name of the file in which a run stores its units, a line for each dataset. */
export const unitsFile = "units.jsonl";

/** More units of one dataset are not stored: each takes up to 22 bytes. */
export const mostStoredUnits = 1_000_000;

/**
 * One line of JSON, without its end. Values are 64-bit floats, little-endian, in base64, in the order of the dataset's rows, so that a
 * score can be computed anew to the last bit and two models are compared row by row.
 */
export function formatUnits({ datasetId, task, layers, statistic, values, gold }: StoredUnits): string {
  return JSON.stringify({
    datasetId,
    task,
    ...(layers === undefined ? {} : { layers }),
    statistic,
    units: values.length,
    values: toBase64(values),
    ...(gold && { gold: toBase64(gold) }),
  });
}

/** @throws {TypeError} for what `formatUnits` has not written */
export function parseUnits(line: string): StoredUnits {
  const { values, gold, units, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const read = (text: unknown): Float64Array => {
    const numbers = typeof text === "string" ? fromBase64(text) : undefined;
    if (numbers === undefined || numbers.length !== units)
      throw new TypeError("a line of units has other values than it says");
    return numbers;
  };
  return {
    ...(rest as Pick<StoredUnits, "datasetId" | "task" | "statistic">),
    values: read(values),
    ...(gold === undefined ? {} : { gold: read(gold) }),
  };
}

function toBase64(values: Float64Array): string {
  const bytes = Buffer.alloc(8 * values.length);
  for (const [i, value] of values.entries()) bytes.writeDoubleLE(value, 8 * i);
  return bytes.toString("base64");
}

function fromBase64(text: string): Float64Array | undefined {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length % 8 !== 0) return undefined;
  return Float64Array.from({ length: bytes.length / 8 }, (_, i) => bytes.readDoubleLE(8 * i));
}
