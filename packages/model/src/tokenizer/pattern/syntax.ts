import type { CodePointSet } from "../unicode/code-point-set.ts";

/** The syntax tree of a regular expression. */
export type Expression =
  | { readonly kind: "set"; readonly set: CodePointSet }
  | { readonly kind: "sequence"; readonly items: readonly Expression[] }
  | { readonly kind: "choice"; readonly options: readonly Expression[] }
  | {
      readonly kind: "repeat";
      readonly item: Expression;
      readonly least: number;
      /** Infinity where there is no limit. */
      readonly most: number;
      readonly mode: "greedy" | "lazy" | "possessive";
    }
  | { readonly kind: "atomic"; readonly item: Expression }
  | { readonly kind: "ahead"; readonly item: Expression; readonly negative: boolean }
  | { readonly kind: "behind"; readonly set: CodePointSet; readonly negative: boolean }
  | { readonly kind: "edge"; readonly edge: Edge };

export type Edge = "text-start" | "text-end" | "before-last-newline" | "line-start" | "line-end";

/** Thrown for a pattern that Oniguruma does not know or that is not supported here; `position` counts UTF-16 units. */
export class PatternError extends Error {
  override name = "PatternError";
  readonly position: number;
  constructor(message: string, position: number) {
    super(message);
    this.position = position;
  }
}
