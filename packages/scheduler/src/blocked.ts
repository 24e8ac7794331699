import type { QuotaBlock } from "./consumers.ts";
import type { Candidate } from "./candidate.ts";
import type { Reservation } from "./snapshot.ts";

/** A candidate that had its turn and must wait, and for what. */
export interface Blocked {
  readonly candidate: Candidate;
  readonly why: Obstacle;
}

export type Obstacle =
  /** No schedulable device would ever do. */
  | { readonly kind: "never" }
  | { readonly kind: "closed"; readonly forRunId: string }
  | { readonly kind: "quota"; readonly block: QuotaBlock }
  /** What is kept for it, or null. */
  | { readonly kind: "room"; readonly reservation: Reservation | null };
