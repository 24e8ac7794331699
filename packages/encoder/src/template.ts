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
  const told = instruction ? instruction + template.separator : "";
  return { prompt: template.prefix + told, content: text + template.suffix };
}
