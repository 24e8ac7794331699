import { Problem } from "@espalier/contract";
import { decodeText, maxRowBytes } from "./lines.ts";
import type { Bytes } from "./opened.ts";

const [quote, backslash, comma, opened, closed, braceOpen, braceClose] = Buffer.from('"\\,[]{}');
const isSpace = (byte: number) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/**
 * The items of a file that is one JSON array, as texts, holding one at a time. What is inside an item is for the parser of
 * JSON to check.
 * @throws {Problem} `dataset/malformed` for an item that is too long, an array that does not end, or what follows it
 */
export async function* jsonItems(bytes: Bytes): AsyncGenerator<{ number: number; text: string }> {
  const wrong = (what: string): never => {
    throw new Problem("dataset/malformed", `The file is a JSON array ${what}.`);
  };
  let held: Uint8Array[] = [];
  let length = 0;
  let number = 0;
  let depth = 0;
  let inString = false;
  let escaped = false;
  let done = false;
  const item = (end: Uint8Array): { number: number; text: string } | undefined => {
    const whole = Buffer.concat([...held, end]);
    held = [];
    length = 0;
    const text = decodeText(whole, { number: number + 1, unit: "item" });
    if (text.trim() === "") return undefined;
    number++;
    return { number, text };
  };
  for await (const chunk of bytes) {
    let from = 0;
    for (let at = 0; at < chunk.byteLength; at++) {
      const byte = chunk[at]!;
      if (escaped) escaped = false;
      else if (inString) {
        if (byte === backslash) escaped = true;
        else if (byte === quote) inString = false;
      } else if (done) {
        if (!isSpace(byte)) wrong("with something after its end");
      } else if (byte === quote) inString = true;
      else if (byte === opened || byte === braceOpen) {
        depth++;
        if (depth === 1) from = at + 1;
      } else if (byte === closed || byte === braceClose || (byte === comma && depth === 1)) {
        if (depth === 1) {
          const next = item(chunk.subarray(from, at));
          if (next) yield next;
          else if (byte === comma || number > 0) wrong(`with nothing where item ${number + 1} should be`);
          from = at + 1;
        }
        if (byte !== comma) depth--;
        done = depth === 0;
      }
    }
    if (done || depth === 0) continue;
    held.push(chunk.slice(from));
    length += chunk.byteLength - from;
    if (length > maxRowBytes) wrong(`whose item ${number + 1} is longer than ${maxRowBytes} bytes`);
  }
  if (!done) wrong("that does not end; the file may be cut off");
}
