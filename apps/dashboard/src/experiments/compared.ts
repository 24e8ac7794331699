import type { ComparedVariant } from "@espalier/contract";

/** What the equivalence test says, as people say it. */
export const verdicts: { readonly [V in ComparedVariant["verdict"]]: string } = {
  equivalent: "equal within the margin",
  "no-loss": "no measurable loss",
  loss: "a loss",
  undecided: "not decided",
};

export const nameOf = ({ name, stage }: Pick<ComparedVariant, "name"> & { stage: string }): string =>
  stage === "after" ? name : `${name}, untrained`;

export const hundredths = (score: number): string => (100 * score).toFixed(1);

/** A difference in hundredths with its sign. */
export const signed = (difference: number): string =>
  `${difference < 0 ? "−" : "+"}${Math.abs(100 * difference).toFixed(1)}`;
