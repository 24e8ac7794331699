import { Problem } from "@espalier/contract";

/** Part of some bytes: from `start` up to, but without, `end`. */
interface Range {
  start: number;
  end: number;
}

/**
 * The one range that a `Range` header asks for (RFC 9110 §14.1.2). Undefined means to send everything: for no header, another
 * unit, several ranges, and what is malformed, such as a range that ends before it begins.
 * @throws {Problem} `request/range-not-satisfiable` for a range that lies outside the bytes
 */
export function parseRange(header: string | undefined, bytes: number): Range | undefined {
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/i.exec(header?.replaceAll(/[ \t]/g, "") ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
  const start = first === "" ? Math.max(0, bytes - Number(last)) : Number(first);
  const end = first === "" || last === "" ? bytes : Math.min(bytes, Number(last) + 1);
  if (start >= end)
    throw new Problem(
      "request/range-not-satisfiable",
      `The range lies outside the ${bytes} bytes of the artifact.`,
      { field: "/range" },
    );
  return { start, end };
}
