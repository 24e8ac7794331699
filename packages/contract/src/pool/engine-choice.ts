import type { RunKind, RunSpec } from "../kinds/kinds.ts";
import type { EngineName, EngineRate, Precision } from "./engine.ts";

/** What a run asks of an engine, where it asks anything. */
export interface EngineChoice {
  readonly engine?: EngineName;
  readonly precision?: Precision;
}

/** `auto` asks for no engine in particular. */
export function engineChoiceOf(spec: RunSpec): EngineChoice {
  const { engine, precision } = spec as { engine?: EngineName | "auto"; precision?: Precision };
  return {
    ...(engine !== undefined && engine !== "auto" && { engine }),
    ...(precision !== undefined && { precision }),
  };
}

/** Such as `tfjs in bf16-math`, `tfjs` or `bf16-math`; undefined where nothing is asked for. No label of a worker is written so. */
export const describeChoice = ({ engine, precision }: EngineChoice): string | undefined =>
  engine !== undefined && precision !== undefined ? `${engine} in ${precision}` : (engine ?? precision);

/** All that can be asked of a device with these engines, as `describeChoice` words it. */
export const choicesOf = (rates: readonly EngineRate[]): string[] => [
  ...new Set(rates.flatMap(({ engine, precision }) => [engine, precision, `${engine} in ${precision}`])),
];

/** Whether the speed of a training step counts for runs of a kind, or that of a forward pass. */
export const passOf = (kind: RunKind): "training" | "forward" => (kind === "train" ? "training" : "forward");

/**
 * The engine and the precision that compute a run on a device: of those that the choice allows the fastest, among equals the
 * first; an engine that was not measured is the slowest.
 * @param usual the precision of a run that asks for none; where its engine lacks it, the engine's first
 */
export function fastestOf(
  rates: readonly EngineRate[],
  { engine, precision }: EngineChoice,
  pass: "training" | "forward",
  usual: Precision = "fp32",
): EngineRate | undefined {
  const named = rates.filter((rate) => engine === undefined || rate.engine === engine);
  const wanted = precision ?? (named.some((rate) => rate.precision === usual) ? usual : named[0]?.precision);
  let best: EngineRate | undefined;
  for (const rate of named)
    if (rate.precision === wanted && (best === undefined || (rate[pass] ?? 0) > (best[pass] ?? 0)))
      best = rate;
  return best;
}
