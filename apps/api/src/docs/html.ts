/** Markup that is safe to stand in a page. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Part = Html | string | number | undefined | readonly Part[];

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function written(part: Part): string {
  if (part === undefined) return "";
  if (part instanceof Html) return part.text;
  if (typeof part === "object") return part.map(written).join("");
  return String(part).replaceAll(/[&<>"']/g, (sign) => escapes[sign]!);
}

/** Markup with values in it; whatever is not markup itself is escaped. */
export const html = (markup: TemplateStringsArray, ...parts: readonly Part[]): Html =>
  new Html(markup.map((text, i) => text + written(parts[i])).join(""));

/** Text in which backquotes hold code, as descriptions have them. */
export const prose = (text: string | undefined): Html =>
  html`${(text ?? "").split("`").map((part, i) => (i % 2 === 1 ? html`<code>${part}</code>` : part))}`;
