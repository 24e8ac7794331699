import { DatabaseError } from "pg";

/** An error of the database in one line, with its SQLSTATE and where it is. */
export function describeError(error: unknown): string {
  if (!(error instanceof DatabaseError)) return String(error);
  const { code, message, detail, position } = error;
  return [`${code}: ${message}`, detail, position && `at character ${position}`].filter(Boolean).join("; ");
}

export const sqlState = (error: unknown): string | undefined =>
  error instanceof DatabaseError ? error.code : undefined;

/** A deadlock, or a lock that was not had within `lock_timeout`. */
export const isLockConflict = (error: unknown): boolean => ["40P01", "55P03"].includes(sqlState(error) ?? "");
