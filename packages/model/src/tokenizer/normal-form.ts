import { CodePointTable } from "./unicode/code-point-table.ts";
import { inertInNormalForms } from "./unicode/properties.ts";

export type NormalForm = "NFC" | "NFD" | "NFKC" | "NFKD";

let inert: CodePointTable | undefined;

/**
 * A normal form (UAX #15) by the Unicode of the `tokenizers` library. Characters that came later are to it what an
 * unassigned code point is: they neither change nor let anything pass. Normal forms of all others never change.
 */
export function normalForm(text: string, form: NormalForm): string {
  // Nothing below U+00A0 is changed by any form.
  if (!/[\u00a0-\uffff]/.test(text)) return text;
  inert ??= new CodePointTable([inertInNormalForms()]);
  let normal = "";
  let start = 0;
  for (let at = 0; at < text.length;) {
    const point = text.codePointAt(at)!;
    const end = at + (point > 0xffff ? 2 : 1);
    if (inert.of(point) !== 0) {
      normal += text.slice(start, at).normalize(form) + text.slice(at, end);
      start = end;
    }
    at = end;
  }
  return start === 0 ? text.normalize(form) : normal + text.slice(start).normalize(form);
}
