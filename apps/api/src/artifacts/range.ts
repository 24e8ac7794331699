import { Problem } from "@espalier/contract";

/**
 * The `bytes=` range of the header as [start, end). Undefined means to send everything, which RFC 9110 §14.2 allows for
 * forms that are not understood here, such as several ranges.
 * @throws {Problem} `request/invalid` for a range outside the bytes
 */
export function parseRange(
  header: string | undefined,
  bytes: number,
): { start: number; end: number } | undefined {
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  const start = first === "" ? Math.max(0, bytes - Number(last)) : Number(first);
  const end = first === "" || last === "" ? bytes : Math.min(bytes, Number(last) + 1);
  if (start >= end)
    throw new Problem("request/invalid", `The range is outside the ${bytes} bytes of the artifact.`, {
      field: "/range",
    });
  return { start, end };
}
