import { normalForm } from "./normal-form.ts";
import type { Part } from "./part.ts";
import { classOf } from "./unicode/code-point-set.ts";
import { bertControl, nonspacingMarks, whiteSpace } from "./unicode/properties.ts";
import { lowercase } from "./lowercase.ts";

/** As `tokenizers` has them: ideographs of the extension that ends at U+2CEAF count from U+2B920 on. */
const ideographs =
  "\\u4e00-\\u9fff\\u3400-\\u4dbf\\u{20000}-\\u{2a6df}\\u{2a700}-\\u{2b73f}\\u{2b740}-\\u{2b81f}\\u{2b920}-\\u{2ceaf}\\uf900-\\ufaff\\u{2f800}-\\u{2fa1f}";

/** Cleans, sets ideographs apart, takes accents away and lowercases, each where the file says so. */
export function bertNormalizer(part: Part): (text: string) => string {
  const lower = part.flag("lowercase");
  const clean = part.flag("clean_text");
  const apart = part.flag("handle_chinese_chars");
  const bare = part.value("strip_accents") === undefined ? lower : part.flag("strip_accents");
  const removed = new RegExp(`[${classOf(bertControl())}]`, "gu");
  const blanks = new RegExp(`[${classOf(whiteSpace)}]`, "gu");
  const marks = new RegExp(`[${classOf(nonspacingMarks())}]`, "gu");
  const ideograph = new RegExp(`[${ideographs}]`, "gu");
  return (text) => {
    let normal = text;
    if (clean) normal = normal.replace(removed, "").replace(blanks, " ");
    if (apart) normal = normal.replace(ideograph, " $& ");
    if (bare) normal = normalForm(normal, "NFD").replace(marks, "");
    return lower ? lowercase(normal) : normal;
  };
}
