import { Problem } from "@espalier/contract";

/** The fields that are not null: the contract leaves a missing value out. */
export const present = <T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };

/** A condition of Prisma on `created_by`; none without a user. */
export const madeBy = (user: string | undefined) =>
  user === undefined ? {} : { createdBy: { path: ["user"], equals: user } };

export const iso = (at: Date): string => at.toISOString();
export const isoOrNull = (at: Date | null): string | null => at?.toISOString() ?? null;

/** The row. Throws `resource/not-found` where there is none. */
export function found<T>(row: T | null | undefined, what: string, id: string): T {
  if (row === null || row === undefined)
    throw new Problem("resource/not-found", `There is no ${what} ${id}.`);
  return row;
}
