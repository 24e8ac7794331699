/**
 * How a text becomes the string that is tokenised. The parts before the text steer the model and stay out of pooling;
 * the text and the suffix are pooled.
 */
export interface Template {
  readonly name: string;
  /** Before everything, such as the opening of a chat turn. */
  readonly prefix: string;
  /** Between an instruction and its text. */
  readonly separator: string;
  /** After the text, such as the end of a chat turn. */
  readonly suffix: string;
  /** Take blanks away at the ends of instruction and text together. @default false */
  readonly trims?: boolean;
  /** BOS and EOS are in prefix and suffix, and are not added again. @default false */
  readonly writesSpecialTokens?: boolean;
}

/** Instruction and text alone: `instruction; text`. */
export const noTemplate: Template = { name: "none", prefix: "", separator: "; ", suffix: "" };

export interface Rendered {
  /** Steers the model, is not pooled. */
  readonly prompt: string;
  /** Is pooled. */
  readonly content: string;
}

/** Lays out one text; `prompt + content` is the whole string. */
export function render(template: Template, text: string, instruction?: string): Rendered {
  const { prefix, separator, suffix, trims = false } = template;
  const told = instruction ? instruction + separator : "";
  if (!trims) return { prompt: prefix + told, content: text + suffix };
  const start = told === "" ? text.replace(leadingBlanks, "") : text;
  return { prompt: prefix + told.replace(leadingBlanks, ""), content: withoutTrailingBlanks(start) + suffix };
}

/** What Python's `str.strip` takes away. */
const blank = "[\\t-\\r\\u001c- \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const leadingBlanks = new RegExp(`^${blank}+`);
const isBlank = new RegExp(`^${blank}$`);

function withoutTrailingBlanks(text: string): string {
  let end = text.length;
  while (end > 0 && isBlank.test(text[end - 1]!)) end--;
  return text.slice(0, end);
}
