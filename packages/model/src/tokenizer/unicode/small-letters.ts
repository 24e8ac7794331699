import { smallLetters as runs } from "./data.ts";

/** The one letter whose lower case is two characters: an i, and the dot above it as a mark. */
const dottedCapitalI: readonly [string, string] = ["\u0130", "i\u0307"];

let letters: ReadonlyMap<string, string> | undefined;

/** The small letter of every capital letter. */
export function smallLetters(): ReadonlyMap<string, string> {
  letters ??= new Map([...pairs(), dottedCapitalI]);
  return letters;
}

function* pairs(): Generator<readonly [string, string]> {
  let point = 0;
  for (const run of runs.split(" ")) {
    const [gap, count, step, distance] = run.split(",").map((number) => Number.parseInt(number, 36));
    point += gap!;
    for (let i = 0; i < count!; i++) {
      const capital = point + i * step!;
      yield [String.fromCodePoint(capital), String.fromCodePoint(capital + distance!)];
    }
    point += (count! - 1) * step! + 1;
  }
}
