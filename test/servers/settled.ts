import { setTimeout as sleep } from "node:timers/promises";

type Sql = (text: string, values?: unknown[]) => Promise<object[]>;

/**
 * Waits until every transaction of the server that has begun by now has ended. Only then `events` shows all that is
 * committed, and gives a position behind it: until then the server's own work, such as autovacuum, may hold both back.
 */
export async function settled(sql: Sql): Promise<void> {
  const [begun] = await sql("select pg_snapshot_xmax(pg_current_snapshot())::text as xid");
  const { xid } = begun as { xid: string };
  const ended = "select 1 where pg_snapshot_xmin(pg_current_snapshot()) >= $1::text::xid8";
  while ((await sql(ended, [xid])).length === 0) await sleep(2);
}
