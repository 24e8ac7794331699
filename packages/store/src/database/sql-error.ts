import { DatabaseError } from "pg";

/** An error in one line; one of the database with its SQLSTATE and its position in the statement. */
export function describeError(error: unknown): string {
  if (!(error instanceof DatabaseError)) return String(error);
  const { code, message, detail, position } = error;
  return [`${code}: ${message}`, detail, position && `at character ${position}`].filter(Boolean).join("; ");
}

export const sqlState = (error: unknown): string | undefined =>
  error instanceof DatabaseError ? error.code : undefined;

/** Whether the statement met a deadlock, or waited for a lock longer than `lock_timeout`. */
export const isLockConflict = (error: unknown): boolean => ["40P01", "55P03"].includes(sqlState(error) ?? "");
