import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import type { Context } from "../command.ts";

type Terminal = Pick<Context, "stdin" | "output" | "signal">;

/** Asks a question that is answered by yes or no; only `y` and `yes` are yes. */
export async function askYesNo(question: string, { stdin, output, signal }: Terminal): Promise<boolean> {
  const lines = createInterface({ input: stdin, terminal: false });
  try {
    output.draw(`${question} [y/N] `);
    return /^y(es)?$/i.test((await lines.question("", { signal })).trim());
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
