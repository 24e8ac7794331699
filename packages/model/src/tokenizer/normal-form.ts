import { CodePointTable } from "./unicode/code-point-table.ts";
import { inertInNormalForms } from "./unicode/properties.ts";

export type NormalForm = "NFC" | "NFD" | "NFKC" | "NFKD";

let inert: CodePointTable | undefined;

/**
 * A normal form (UAX #15) by the Unicode of the `tokenizers` library. The runtime's `normalize` can be used, whatever its
 * Unicode is: the stability policy of Unicode fixes the normal forms of texts of assigned characters for ever. Characters
 * that the library does not know are kept away from it. The library leaves them unchanged, and no mark moves across them.
 */
export function normalForm(text: string, form: NormalForm): string {
  // No form changes a character below U+00A0.
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
