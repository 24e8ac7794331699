/** One line of `nvidia-smi --format=csv,noheader,nounits`, by the names of the fields that were asked for. */
export type NvidiaRow = Readonly<Record<string, string>>;

/** What a value of nvidia-smi says: a number, nothing (the device or the user cannot have it), a fault, or a word. */
export type NvidiaValue =
  | { type: "number"; value: number }
  | { type: "none" }
  | { type: "fault"; text: string }
  | { type: "word"; text: string };

/** Values that stand for a device in trouble; NVML's errors of the same names. */
const faults = /^(\[?(unknown error|gpu requires reset|gpu is lost|reset required)\]?|err!?)$/i;
/** `[N/A]`, `[Not Supported]`, `[Insufficient Permissions]`, `[Function Not Found]`, `[Requested functionality …]` */
const none = /^(\[.*\]|n\/a|)$/i;

export function readValue(text = ""): NvidiaValue {
  const trimmed = text.trim();
  if (/^[+-]?\d+(\.\d+)?$/.test(trimmed)) return { type: "number", value: Number(trimmed) };
  if (faults.test(trimmed)) return { type: "fault", text: trimmed };
  return none.test(trimmed) ? { type: "none" } : { type: "word", text: trimmed };
}

export const readNumber = (text: string | undefined): number | undefined => {
  const value = readValue(text);
  return value.type === "number" ? value.value : undefined;
};

/**
 * The rows of a CSV answer. Fields are never quoted, so the one that may hold commas must be the last. `key` is a field
 * whose form distinguishes a row from a remark: nvidia-smi writes remarks of one device between the rows of others.
 */
export function readRows(
  text: string,
  fields: readonly string[],
  key: { field: string; form: RegExp },
): { rows: NvidiaRow[]; remarks: string[] } {
  const rows: NvidiaRow[] = [];
  const remarks: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === "") continue;
    const cells = line.split(",");
    const values = cells.slice(0, fields.length - 1).concat(cells.slice(fields.length - 1).join(","));
    const row = Object.fromEntries(fields.map((field, i) => [field, (values[i] ?? "").trim()]));
    if (cells.length >= fields.length && key.form.test(row[key.field] ?? "")) rows.push(row);
    else remarks.push(line.trim());
  }
  return { rows, remarks };
}

/** The field that this version of nvidia-smi does not know, if that is what it complains of. */
export const unknownField = (text: string): string | undefined =>
  /field "([^"]+)" is not a valid field/i.exec(text)?.[1];
