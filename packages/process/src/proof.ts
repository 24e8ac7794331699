import { createHmac } from "node:crypto";

/** Headers of `/healthz` by which a stack finds out whether an API is its own. */
export const [challengeHeader, proofHeader] = ["espalier-challenge", "espalier-proof"] as const;

/** What an API answers to a challenge, which only one that was started with this token can. */
export const proofOf = (token: string, challenge: string): string =>
  createHmac("sha256", token).update(challenge).digest("hex");
