import type { ComparedVariant } from "@espalier/contract";
import { points } from "../elements/format.ts";

/** What the equivalence test says, as people say it. */
export const verdicts: { readonly [V in ComparedVariant["verdict"]]: string } = {
  equivalent: "equal within the margin",
  "no-loss": "no measurable loss",
  loss: "a loss",
  undecided: "not decided",
};

export const nameOf = ({ name, stage }: Pick<ComparedVariant, "name"> & { stage: string }): string =>
  stage === "after" ? name : `${name}, untrained`;

/** A difference in points with its sign. */
export const signed = (difference: number): string =>
  `${difference < 0 ? "−" : "+"}${points(Math.abs(difference))}`;
