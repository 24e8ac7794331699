import { Problem } from "@espalier/contract";
import { refuseWhole, type RawRow, type Reading } from "./reading.ts";

/** A line of a text file; `number` starts at 1. */
export interface Line {
  readonly number: number;
  readonly unit: "line";
  readonly text: string;
}

/** A row may hold a query with a few hundred negatives; beyond that it is most likely no row. */
export const maxRowBytes = 4 * 1024 * 1024;

/**
 * Splits a stream of bytes into lines, holding one line at a time. A byte order mark at the start and a carriage
 * return at the end of a line are dropped; a final newline begins no line.
 * @param reading where blank lines are counted, which are skipped then; without it they are refused
 * @throws {Problem} `dataset/malformed` for a line that is too long, or not UTF-8; `dataset/empty` for no line
 */
export async function* readLines(bytes: AsyncIterable<Uint8Array>, reading?: Reading): AsyncGenerator<Line> {
  let rest: Uint8Array[] = [];
  let held = 0;
  let number = 0;
  function line(end: Uint8Array): Line | undefined {
    number++;
    const whole = rest.length === 0 ? end : Buffer.concat([...rest, end]);
    rest = [];
    held = 0;
    if (whole.byteLength > maxRowBytes) tooLong(number);
    let text: string;
    try {
      text = decodeText(whole, { number, unit: "line" }).replace(/\r$/, "");
    } catch (error) {
      if (reading === undefined) throw error;
      reading.collect(error);
      return undefined;
    }
    if (text.trim() !== "") return { number, unit: "line", text };
    if (reading === undefined) refuseWhole({ number, unit: "line" }, "is empty");
    reading.blankLines++;
    return undefined;
  }
  for await (const chunk of bytes) {
    let from = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      const next = line(chunk.subarray(from, at));
      if (next) yield next;
      from = at + 1;
    }
    if (from === chunk.byteLength) continue;
    rest.push(chunk.slice(from));
    held += chunk.byteLength - from;
    if (held > maxRowBytes) tooLong(number + 1);
  }
  if (held > 0) {
    const last = line(new Uint8Array(0));
    if (last) yield last;
  }
  if (number === (reading?.blankLines ?? 0)) throw new Problem("dataset/empty", "the file is empty");
}

const tooLong = (number: number): never =>
  refuseWhole({ number, unit: "line" }, `is longer than ${maxRowBytes} bytes`);

/** Drops a byte order mark at the start of the file, as the decoder does by default; elsewhere it is text. */
export function decodeText(bytes: Uint8Array, at: Pick<RawRow, "number" | "unit">): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: at.number > 1 }).decode(bytes);
  } catch {
    refuseWhole(at, "is not UTF-8");
  }
}
