import { Problem } from "@espalier/contract";

const mark = [0xef, 0xbb, 0xbf];

/**
 * Refuses a text that begins with the byte order mark of UTF-8, which Python takes for no JSON.
 * @param start its first bytes
 * @throws {Problem} `checkpoint/malformed`
 */
export function refuseMark(start: Uint8Array, file: string): void {
  if (!mark.every((byte, i) => start[i] === byte)) return;
  throw new Problem(
    "checkpoint/malformed",
    `${file} begins with a byte order mark, which other readers of models refuse; save it without`,
    { file },
  );
}
