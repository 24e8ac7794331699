import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import type { Context } from "../command.ts";

type Terminal = Pick<Context, "stdin" | "output" | "signal">;

/**
 * Asks a question that is answered by yes or no; only `y` and `yes` are yes.
 * @param otherwise what an empty answer means; default: no
 */
export async function askYesNo(
  question: string,
  { stdin, output, signal }: Terminal,
  otherwise = false,
): Promise<boolean> {
  const lines = createInterface({ input: stdin, terminal: false });
  try {
    output.draw(`${question} ${otherwise ? "[Y/n]" : "[y/N]"} `);
    const answer = (await lines.question("", { signal })).trim();
    return answer === "" ? otherwise : /^y(es)?$/i.test(answer);
  } finally {
    lines.close();
  }
}

/** Asks for a secret, which the terminal does not show. */
export async function askSecret(question: string, { stdin, output, signal }: Terminal): Promise<string> {
  output.draw(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: nowhere, terminal: true });
  try {
    return await lines.question("", { signal });
  } finally {
    lines.close();
    output.draw("\n");
  }
}
