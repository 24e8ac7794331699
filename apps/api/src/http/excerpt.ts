/** Faults are looked for in so many fields and elements; each takes up to 30 µs for each alternative of its schema. */
const budget = 1_500;
const cuts = [500, 100, 25, 5, 1];

/**
 * A document that is small enough for all of its faults to be listed: the document itself, or what remains of it when each of its
 * objects and lists keeps its first members. No schema allows as many members as are cut, so the rest is at fault too, as a rule.
 */
export function excerptOf(document: unknown): unknown {
  if (fits(document)) return document;
  for (const most of cuts) {
    const excerpt = cut(document, most);
    if (fits(excerpt)) return excerpt;
  }
  return cut(document, 1);
}

const isContainer = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

/** Whether the document has few enough members; it stops to count where it has not. */
function fits(document: unknown): boolean {
  let left = budget;
  const visit = (value: unknown): void => {
    if (!isContainer(value)) return;
    const names = Object.keys(value);
    left -= names.length;
    if (left >= 0) for (const name of names) visit(value[name]);
  };
  visit(document);
  return left >= 0;
}

function cut(document: unknown, most: number): unknown {
  if (!isContainer(document)) return document;
  if (Array.isArray(document)) return document.slice(0, most).map((member) => cut(member, most));
  const names = Object.keys(document).slice(0, most);
  return Object.fromEntries(names.map((name) => [name, cut(document[name], most)]));
}
