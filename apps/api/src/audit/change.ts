import type { FastifyRequest } from "fastify";

/** Longest JSON of one value, and of all together, in characters. */
const most = { value: 1_000, all: 4_000 };
/** The text of an API key. It has its own word, as `key` is often a name or an id. */
const keyText = /\besp_\w{26,}/;
/** Words in the names of fields whose values are nobody's business. */
const secretName = /secret|token|password|authorization|credential/i;

/**
 * What a request asks to change: its parameters and its body, without the id of the subject. Secret values are left out, and
 * addresses are cut to their origin, because both often let whoever knows them do something. What is long is not copied: the
 * subject has it.
 */
export function changeOf(
  { params, query, body }: Pick<FastifyRequest, "params" | "query" | "body">,
  but: readonly string[],
) {
  const change: Record<string, unknown> = {};
  let length = 0;
  for (const part of [params, query, body])
    for (const [name, value] of fieldsOf(part)) {
      if (but.includes(name) || value === undefined) continue;
      const isSecret = secretName.test(name) || keyText.test(JSON.stringify(value) ?? "");
      const kept = isSecret ? "hidden" : name === "url" ? originOf(value) : value;
      const text = JSON.stringify(kept) ?? "";
      const fits = text.length <= most.value && length + text.length <= most.all;
      length += fits ? text.length : 0;
      change[name] = fits ? kept : `${text.length} characters`;
    }
  return change;
}

/** A body may be a stream. */
const fieldsOf = (part: unknown): [string, unknown][] =>
  typeof part === "object" && part !== null && !("pipe" in part) ? Object.entries(part) : [];

function originOf(url: unknown): string {
  try {
    return new URL(String(url)).origin;
  } catch {
    return "hidden";
  }
}
