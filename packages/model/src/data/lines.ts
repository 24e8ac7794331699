import { Problem } from "@espalier/contract";

/** A line of a text file; `number` starts at 1. */
export interface Line {
  readonly number: number;
  readonly text: string;
}

/** A line may hold a query with a few hundred negatives; beyond that it is most likely not a line of JSON. */
const maxLineBytes = 4 * 1024 * 1024;

/**
 * Splits a stream of bytes into lines, holding one line at a time. A byte order mark at the start and a carriage
 * return at the end of a line are dropped; a final newline begins no line.
 * @throws {Problem} `dataset/malformed` for a line that is empty, too long, or not UTF-8; `dataset/empty` for no line
 */
export async function* readLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  let rest: Uint8Array[] = [];
  let held = 0;
  let number = 0;

  function line(end: Uint8Array): Line {
    number++;
    const whole = rest.length === 0 ? end : Buffer.concat([...rest, end]);
    rest = [];
    held = 0;
    if (whole.byteLength > maxLineBytes) tooLong(number);
    const text = decode(whole, number).replace(/\r$/, "");
    if (text.trim() === "")
      throw new Problem("dataset/malformed", `line ${number} is empty`, { line: number });
    return { number, text };
  }

  for await (const chunk of bytes) {
    let from = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      yield line(chunk.subarray(from, at));
      from = at + 1;
    }
    if (from === chunk.byteLength) continue;
    rest.push(chunk.slice(from));
    held += chunk.byteLength - from;
    if (held > maxLineBytes) tooLong(number + 1);
  }
  if (held > 0) yield line(new Uint8Array(0));
  if (number === 0) throw new Problem("dataset/empty", "the file is empty");
}

function tooLong(line: number): never {
  throw new Problem("dataset/malformed", `line ${line} is longer than ${maxLineBytes} bytes`, { line });
}

/** Drops a byte order mark on the first line, as the decoder does by default; elsewhere it is text. */
function decode(bytes: Uint8Array, line: number): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: line > 1 }).decode(bytes);
  } catch {
    throw new Problem("dataset/malformed", `line ${line} is not UTF-8`, { line });
  }
}
