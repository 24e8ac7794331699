import type { Plan } from "@espalier/contract";

/** Whether a plan counts with something that was never measured here, so that it is a guess. */
export const isGuess = ({ runs }: Plan): boolean =>
  runs.some(({ basis }) => basis === "usual-pace" || basis === "nothing");
