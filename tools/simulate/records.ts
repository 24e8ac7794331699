/** One object of a file, as text; `number` counts objects, `line` is where it begins. Both start at 1. */
export interface TextRecord {
  readonly number: number;
  readonly line: number;
  readonly text: string;
}

/** The file cannot be read as a list of objects, or not beyond some point. */
export class TraceError extends Error {
  override name = "TraceError";
}

const maxLength = 4 * 1024 * 1024;

/**
 * The objects of a JSON array, or of a file with one object a line, one at a time, each to be parsed by itself: a broken
 * one takes nothing else along. In an array, braces outside strings tell where an object ends; a line break ends a string
 * that lacks its quote, since JSON allows none inside.
 * @throws {TraceError} if an object of an array does not end, or something else stands between objects
 */
export async function* readRecords(chunks: AsyncIterable<string>): AsyncGenerator<TextRecord> {
  let number = 0;
  let line = 1;
  let mode: "start" | "array" | "lines" | "end" = "start";
  let text = "";
  let begin = 1;
  let depth = 0;
  let inString = false;
  let escaped = false;
  for await (const chunk of chunks) {
    for (const character of chunk) {
      if (mode === "start" && !/[\s\uFEFF]/.test(character)) {
        mode = character === "[" ? "array" : "lines";
        begin = line;
        if (mode === "array") continue;
      }
      if (mode === "lines") {
        if (character !== "\n") text += character;
        else if (text.trim() === "") text = "";
        else {
          yield { number: ++number, line, text };
          text = "";
        }
      } else if (depth > 0) {
        text += character;
        if (escaped) escaped = false;
        else if (inString && character === "\\") escaped = true;
        else if (character === '"') inString = !inString;
        else if (character === "\n") inString = false;
        else if (!inString && character === "{") depth++;
        else if (!inString && character === "}" && --depth === 0) {
          yield { number, line: begin, text };
          text = "";
        }
      } else if (character === "{" && mode === "array") {
        text = character;
        begin = line;
        number++;
        depth = 1;
        inString = escaped = false;
      } else if (character === "]" && mode === "array") mode = "end";
      else if (!/[\s,\uFEFF]/.test(character))
        throw new TraceError(
          `line ${line}: "${character}" stands where an object of the list, or its end, is expected`,
        );
      if (text.length > maxLength) throw unended(number || 1, begin);
      if (character === "\n") line++;
    }
  }
  if (mode === "lines" && text.trim() !== "") yield { number: ++number, line, text };
  if (mode === "array") throw unended(number, begin);
}

const unended = (number: number, line: number): TraceError =>
  new TraceError(
    number === 0
      ? "the list does not end: the file is cut off"
      : `record ${number}, which begins in line ${line}, or the list after it does not end: a brace is missing, or the file is cut off`,
  );
