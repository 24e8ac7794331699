/** JSON for a `jsonb` parameter. Postgres refuses NUL and lone surrogates; they become U+FFFD. */
export const toJson = (value: unknown): string =>
  JSON.stringify(value, (_key, each: unknown) => (typeof each === "string" ? toText(each) : each));

/** Text that Postgres accepts. */
export const toText = (text: string): string =>
  text.replaceAll("\u0000", "\ufffd").replace(/\p{Cs}/gu, "\ufffd");
