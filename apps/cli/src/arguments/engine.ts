import { engineNames, precisionMeanings } from "@espalier/contract";
import { UsageError, type Context } from "../command.ts";

export const engineOptions = {
  engine: { type: "string" },
  precision: { type: "string" },
} as const;

export const engineHelp = [
  `--engine NAME       what computes: ${engineNames.join(", ")}; default: ESPALIER_ENGINE, else onnx-cpu`,
  "--precision NAME    how precisely: fp32 (default) or another that the engine has, such as bf16-math of tfjs",
] as const;

export type EngineValues = { [Name in keyof typeof engineOptions]?: string | undefined };

/** The context of a command whose computation the flags choose an engine for. */
export function onEngine<C extends Pick<Context, "environment">>(
  context: C,
  { engine, precision }: EngineValues,
): C {
  check("engine", engine, engineNames);
  check("precision", precision, Object.keys(precisionMeanings));
  return {
    ...context,
    environment: {
      ...context.environment,
      ...(engine !== undefined && { ESPALIER_ENGINE: engine }),
      ...(precision !== undefined && { ESPALIER_PRECISION: precision }),
    },
  };
}

function check(flag: string, value: string | undefined, known: readonly string[]): void {
  if (value !== undefined && !known.includes(value))
    throw new UsageError(`--${flag} must be one of ${known.join(", ")}, not \`${value}\``);
}
