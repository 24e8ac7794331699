import type { Database } from "../database/database.ts";
import { webhookContext } from "../webhooks/webhooks.ts";
import type { Sealer } from "./sealer.ts";

interface Row {
  id: string;
  sealed: Buffer;
}

/** Whatever is sealed: the table, the column of its id, and the context of each row. */
const places = [
  { table: "run_secret", id: "run_id", context: (id: string) => id },
  { table: "webhook", id: "id", context: webhookContext },
] as const;

/**
 * Seals with the secret of today whatever an earlier one has sealed, so that the earlier one can be taken away. Each row is changed only
 * if it is still what was read, so that it may run on several APIs and be killed at any moment.
 * @returns how many were sealed anew
 */
export async function resealAll({ query }: Pick<Database, "query">, sealer: Sealer): Promise<number> {
  if (!sealer.mayReseal) return 0;
  let count = 0;
  for (const { table, id: column, context } of places) {
    const { rows } = await query<Row>(`select ${column} as id, sealed from ${table}`);
    for (const { id, sealed } of rows) {
      const again = sealer.again(sealed, context(id));
      if (again === undefined) continue;
      const { rowCount } = await query(
        `update ${table} set sealed = $3 where ${column} = $1 and sealed = $2`,
        [id, sealed, again],
      );
      count += rowCount ?? 0;
    }
  }
  return count;
}
