import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** The words of `espalier` command lines as bash reads them; redirections are left out. */
export async function wordsOf(lines: readonly string[], home = "/nonexistent"): Promise<string[][]> {
  const script = [
    "espalier() { printf '%s\\0' \"$@\"; printf '\\1'; }",
    ...lines.map((line) => line.replace(/ [<>] \S+/g, "")),
  ];
  const { stdout } = await promisify(execFile)("bash", ["-euc", script.join("\n")], {
    env: { PATH: process.env.PATH, HOME: home },
  });
  return stdout
    .split("\x01")
    .slice(0, -1)
    .map((words) => words.split("\0").slice(0, -1));
}
