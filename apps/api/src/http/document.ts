import { Problem } from "@espalier/contract";

/** What a JSON body may have; no request that a client has a use for comes near. */
export const documentLimits = { depth: 64, members: 10_000 } as const;

/**
 * Looks at a parsed JSON document before anything else does: how deep it is, how many fields and elements it has, and whether
 * each text can be stored. PostgreSQL takes neither NUL nor half of a surrogate pair.
 * @throws {Problem} `request/too-large`, or `request/invalid` with the place of the text
 */
export function checkDocument(document: unknown): void {
  let members = 0;
  const path: (string | number)[] = [];
  const visit = (value: unknown): void => {
    if (typeof value === "string") return checkText(value, path);
    if (typeof value !== "object" || value === null) return;
    if (path.length >= documentLimits.depth)
      throw new Problem("request/too-large", `The body is nested more than ${documentLimits.depth} deep.`);
    const names = Array.isArray(value) ? value.keys() : Object.keys(value);
    for (const name of names) {
      members += 1;
      if (members > documentLimits.members)
        throw new Problem(
          "request/too-large",
          `The body has more than ${documentLimits.members} fields and elements.`,
        );
      if (typeof name === "string") checkText(name, path);
      path.push(name);
      visit((value as Record<string | number, unknown>)[name]);
      path.pop();
    }
  };
  visit(document);
}

/** As {@link checkDocument}, of the parameters of a path, a query or the headers, which are texts by name. */
export function checkParameters(parameters: unknown): void {
  for (const [name, value] of Object.entries(parameters ?? {}))
    for (const text of [name, value].flat()) if (typeof text === "string") checkText(text, [name]);
}

/** A text that JSON and PostgreSQL both have: no NUL, no half of a surrogate pair. It is in every schema of a text. */
export const textPattern = String.raw`^[^\u0000\ud800-\udfff]*$`;
const unusable = /[\0\p{Cs}]/u;

function checkText(text: string, path: readonly (string | number)[]): void {
  if (!unusable.test(text)) return;
  const field = path.map((name) => `/${String(name).replace(/[\0\p{Cs}]/gu, "\ufffd")}`).join("");
  throw new Problem(
    "request/invalid",
    `${field === "" ? "The body" : field} has a character that no text can have: NUL, or half of a surrogate pair.`,
    { field },
  );
}
