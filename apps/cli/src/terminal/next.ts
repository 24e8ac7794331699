import type { Output } from "./output.ts";

/** Says on stderr which commands are likely to come next; scripts, which ask for JSON, are not told. */
export function sayNext(output: Output, ...commands: readonly string[]): void {
  if (output.json) return;
  for (const [i, command] of commands.entries())
    output.note(output.paint("dim", `${i === 0 ? "next:" : "     "} espalier ${command}`));
}
