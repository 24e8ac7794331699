import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  fastestOf,
  isProblem,
  noEngine,
  type EngineName,
  type EngineRate,
  type Precision,
} from "@espalier/contract";
import { countOomKills, startCompute } from "@espalier/process";
import type { Logger } from "pino";
import type { FoundDevice } from "./host.ts";

/** An engine that is installed for a device, with the precisions that it has. */
export interface InstalledEngine {
  readonly name: EngineName;
  /** Such as `onnxruntime-node 1.30.0`: another version may have another speed. */
  readonly what: string;
  readonly precisions: readonly Precision[];
}

export interface CalibrationOptions {
  /** Those that are installed for a kind of device, the best first. */
  readonly enginesFor: (device: FoundDevice) => readonly InstalledEngine[];
  /** Where rates are kept: a host that starts again does not measure again. */
  readonly cacheFolder: string;
  /** Version of the programs. */
  readonly version: string;
  readonly threads?: number;
  readonly computeEntry: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: Pick<Logger, "info" | "warn">;
}

/** An engine that does not answer for so long is left out. */
const hungSeconds = 120;

/**
 * Lets every engine compute a small encoder in each precision on each device, in a process as a run would have. What does not load,
 * or ends its process, is left out with a line in the log, so that no run is given to it. A device of which nothing is left is
 * unusable, and says why.
 */
export async function calibrated(
  devices: readonly FoundDevice[],
  options: CalibrationOptions,
): Promise<FoundDevice[]> {
  const known = new Map<string, EngineRate | string>();
  const result: FoundDevice[] = [];
  for (const device of devices) {
    const rates: EngineRate[] = [];
    const failures: string[] = [];
    const installed = device.engine === noEngine ? [] : options.enginesFor(device);
    for (const engine of installed)
      for (const precision of engine.precisions) {
        const key = keyOf(device, engine, precision, options);
        const rate = known.get(key) ?? (await rateOf(device, engine, precision, key, options));
        known.set(key, rate);
        if (typeof rate === "string") failures.push(`${engine.name} in ${precision}: ${rate}`);
        else rates.push(rate);
      }
    const best = fastestOf(rates, {}, "forward");
    if (best !== undefined) result.push({ ...device, engine: best.engine, rates });
    // An engine that is named for a device that it does not compute on only reserves it.
    else if (installed.length === 0) result.push(device);
    else result.push({ ...device, engine: noEngine, unusable: failures.join(" ") });
  }
  return result;
}

/** Identical hardware has one rate; two cards of a kind are measured once. */
function keyOf(
  { kind, name, driver }: FoundDevice,
  { name: engine, what }: InstalledEngine,
  precision: Precision,
  { threads, version }: CalibrationOptions,
): string {
  const facts = JSON.stringify([1, version, kind, name, driver, engine, what, precision, threads]);
  return createHash("sha256").update(facts).digest("hex").slice(0, 32);
}

/** The rate, or why there is none. */
async function rateOf(
  device: FoundDevice,
  engine: InstalledEngine,
  precision: Precision,
  key: string,
  { cacheFolder, log, ...options }: CalibrationOptions,
): Promise<EngineRate | string> {
  const file = join(cacheFolder, "rates", `${key}.json`);
  const kept = await readFile(file, "utf8").catch(() => undefined);
  const cached = kept === undefined ? undefined : parse(kept);
  if (cached) return cached;
  const measured = await measure(device, engine.name, precision, options);
  const facts = { device: device.address, engine: engine.name, precision };
  if (typeof measured === "string") {
    log.warn(
      { ...facts, reason: measured },
      "an engine does not compute on a device, so no run gets it there",
    );
    return measured;
  }
  log.info({ ...facts, forward: measured.forward, training: measured.training }, "an engine was measured");
  const text = JSON.stringify({ ...measured, device: device.name, what: engine.what });
  // Without a folder to keep it in, it is measured again at the next start.
  await keep(file, text).catch((error: unknown) => log.warn({ err: error }, "a rate is not kept"));
  return measured;
}

async function measure(
  { kind, environment: shown }: FoundDevice,
  engine: EngineName,
  precision: Precision,
  { threads, computeEntry, environment }: Omit<CalibrationOptions, "cacheFolder" | "log">,
): Promise<EngineRate | string> {
  const { ended } = startCompute({
    entry: computeEntry,
    job: {
      kind: "calibrate",
      engine,
      precision,
      device: kind,
      ...(threads === undefined ? {} : { threads }),
    },
    environment: { ...environment, ...shown },
    hungSeconds,
    countOomKills,
    onReport: () => undefined,
  });
  const end = await ended;
  if (end.type === "done")
    return { engine, precision, forward: end.outcome.forward, training: end.outcome.training };
  if (end.type === "stopped") return "It was stopped.";
  return isProblem(end.problem) ? end.problem.message : String(end.problem);
}

/** A file of another form is measured anew. */
function parse(text: string): EngineRate | undefined {
  try {
    const { engine, precision, forward, training } = JSON.parse(text) as EngineRate;
    const numbers = [forward, training];
    return numbers.every((each) => typeof each === "number")
      ? ({ engine, precision, forward, training } as EngineRate)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Appears whole, whoever else writes it. */
async function keep(file: string, text: string): Promise<void> {
  await mkdir(join(file, ".."), { recursive: true });
  const part = `${file}.${process.pid}`;
  await writeFile(part, text);
  await rename(part, file);
}
