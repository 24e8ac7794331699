import { modes, type Mode } from "@espalier/contract";
import { UsageError } from "../command.ts";

/** `--mode`: whether odd things are done as l3prune's code does them. */
export function parseMode(word = "default"): Mode {
  const mode = modes.find((mode) => mode === word);
  if (mode === undefined) throw new UsageError(`--mode must be ${modes.join(" or ")}, not \`${word}\``);
  return mode;
}
