import type { Page } from "@espalier/contract";

const defaultLimit = 50;
const maxLimit = 200;

/** How many items a page may hold. */
export const pageLimit = (limit = defaultLimit): number => Math.max(1, Math.min(maxLimit, limit));

/** A page from up to `limit + 1` rows; the surplus row only says that there is more. */
export function toPage<Row, T>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => T,
  cursorOf: (row: Row) => string,
): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return {
    items: items.map(toItem),
    ...(rows.length > limit && last !== undefined ? { cursor: cursorOf(last) } : {}),
  };
}
