/** A JSON document as text, the same for each order of its fields. */
export const canonical = (document: unknown): string =>
  JSON.stringify(document, (_name, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
