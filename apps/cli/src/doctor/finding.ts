/** What a check looks at. */
export type CheckName =
  | "settings"
  | "API"
  | "pool"
  | "database"
  | "connections"
  | "clock"
  | "data folder"
  | "scratch"
  | "queues"
  | "engine";

/** `unknown`: it could not be looked at from here. */
export type FindingState = "ok" | "wrong" | "unknown";

/** One thing that was looked at. */
export interface Finding {
  check: CheckName;
  state: FindingState;
  what: string;
  /** What to do about it. */
  action?: string;
}

export const ok = (check: CheckName, what: string): Finding => ({ check, state: "ok", what });
export const wrong = (check: CheckName, what: string, action: string): Finding => ({
  check,
  state: "wrong",
  what,
  action,
});
export const unknown = (check: CheckName, what: string): Finding => ({ check, state: "unknown", what });
