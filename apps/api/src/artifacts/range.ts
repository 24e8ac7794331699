import { Problem } from "@espalier/contract";

/**
 * One `bytes=` range as [start, end); undefined to send everything, which RFC 9110 §14.2 allows for forms not
 * understood here, such as several ranges. Throws `request/invalid` for one that lies outside.
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
