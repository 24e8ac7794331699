import { normalForm } from "./normal-form.ts";
import type { Part } from "./part.ts";
import { classOf } from "./unicode/code-point-set.ts";
import { bertControl, nonspacingMarks, whiteSpace } from "./unicode/properties.ts";
import { lowercase } from "./lowercase.ts";

/** The same ranges as in `tokenizers`, where the extension that ends at U+2CEAF starts at U+2B920 and not at U+2B820. */
const ideographs =
  "\\u4e00-\\u9fff\\u3400-\\u4dbf\\u{20000}-\\u{2a6df}\\u{2a700}-\\u{2b73f}\\u{2b740}-\\u{2b81f}\\u{2b920}-\\u{2ceaf}\\uf900-\\ufaff\\u{2f800}-\\u{2fa1f}";

/** Cleans a text, puts spaces around ideographs, removes accents and lowercases, as far as the file asks for it. */
export function bertNormalizer(part: Part): (text: string) => string {
  const lower = part.flag("lowercase");
  const clean = part.flag("clean_text");
  const apart = part.flag("handle_chinese_chars");
  const bare = part.value("strip_accents") === undefined ? lower : part.flag("strip_accents");
  const removed = new RegExp(`[${classOf(bertControl())}]`, "gu");
  const whitespace = new RegExp(`[${classOf(whiteSpace)}]`, "gu");
  const marks = new RegExp(`[${classOf(nonspacingMarks())}]`, "gu");
  const ideograph = new RegExp(`[${ideographs}]`, "gu");
  return (text) => {
    let normal = text;
    if (clean) normal = normal.replace(removed, "").replace(whitespace, " ");
    if (apart) normal = normal.replace(ideograph, " $& ");
    if (bare) normal = normalForm(normal, "NFD").replace(marks, "");
    return lower ? lowercase(normal) : normal;
  };
}
