import type { Readable } from "node:stream";

/** A line that never ends must not fill the memory. */
const longestLine = 8 * 1024 * 1024;

/**
 * Calls back for each line of a UTF-8 stream as it arrives.
 * @param unfinished whether a last line without its line end counts; default true
 */
export function onLines(
  stream: Readable,
  take: (line: string) => void,
  { unfinished = true }: { unfinished?: boolean } = {},
): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > longestLine) {
      lines.push(rest);
      rest = "";
    }
    for (const line of lines) if (line !== "") take(line);
  });
  stream.on("end", () => {
    if (rest !== "" && unfinished) take(rest);
    rest = "";
  });
}
