import type { QuotaRefusal } from "./consumers.ts";
import type { Candidate } from "./candidate.ts";
import type { Reservation } from "./snapshot.ts";

/** A candidate that had its turn and has to wait, with the obstacle. */
export interface Blocked {
  readonly candidate: Candidate;
  readonly why: Obstacle;
}

export type Obstacle =
  /** No schedulable device is large enough, of its kind or labels, or there are too few of them on one worker. */
  | { readonly kind: "no-fit" }
  | { readonly kind: "held-for-aged"; readonly forRunId: string }
  | { readonly kind: "quota"; readonly refusal: QuotaRefusal }
  /** Its devices are in use; `reservation` says which are kept for it, if any are. */
  | { readonly kind: "no-room"; readonly reservation: Reservation | null };
