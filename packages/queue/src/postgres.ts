import {
  assertSchemaCompatibility,
  createPostgresBackend,
  DEFAULT_SCHEMA,
  runMigrations,
  withBackend,
  type Worker as BullWorker,
} from "bullmq";
import { poolSizes } from "@espalier/contract";
import pg from "pg";
import type { Backend, Producer } from "./bullmq.ts";
import type { Delivery } from "./queue.ts";

const bull = withBackend(createPostgresBackend);

/**
 * BullMQ on PostgreSQL ≥ 14, in the schema `bullmq`, which is brought up to date by `prepareDeliveryQueues`, or by the first connection whose
 * user may. There is a producer for
 * each worker of the pool; all of them share a few connections. A consumer has one, and one that listens. Its statements
 * depend on settings of the session, so it cannot go through a pooler that gives out connections for a transaction.
 *
 * Locks are written and swept with the clocks of the callers. A host whose clock runs ahead of another's by more than the
 * lock takes deliveries that are in progress there. The lease in the store refuses such a repeated delivery, so it costs time
 * and loses nothing. Keep the clocks of a pool in step, or use Redis, which has one clock.
 */
export function postgresBackend(connectionString: string, onError: (error: Error) => void): Backend {
  const connection = {
    connectionString,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    // A server that is silent for this long counts as away, as in the store.
    query_timeout: 30_000,
    idle_in_transaction_session_timeout: 30_000,
    idleTimeoutMillis: 10_000,
    application_name: "espalier-queue",
  };
  // BullMQ's statements name no schema.
  const producing = new pg.Pool({
    ...connection,
    max: poolSizes.queueProducer,
    options: `-c search_path=${DEFAULT_SCHEMA}`,
  });
  producing.on("error", onError).setMaxListeners(0);
  // BullMQ types the optional properties of a pool differently from pg.
  const shared = producing as unknown as NonNullable<
    ConstructorParameters<typeof bull.Queue>[1]
  >["connection"];
  let migrated: Promise<void> | undefined;
  return {
    ready() {
      migrated ??= migrate(producing).catch((error: unknown) => {
        migrated = undefined;
        throw error;
      });
      return migrated;
    },
    producer: (name) => new bull.Queue<Delivery, void>(name, { connection: shared }) as unknown as Producer,
    worker: (name, processor, settings) =>
      new bull.Worker<Delivery, void>(name, processor, {
        connection: { ...connection, max: poolSizes.queueConsumer, migrate: false },
        ...settings,
      }) as unknown as BullWorker<Delivery, void>,
    close: () => producing.end(),
  };
}

async function migrate(pool: pg.Pool): Promise<void> {
  const client = await pool.connect();
  try {
    const { rows } = await client.query<{ may: boolean }>(
      "select has_database_privilege(current_database(), 'create') as may",
    );
    if (rows[0]!.may) await runMigrations(client);
    else await assertSchemaCompatibility(client);
  } finally {
    client.release();
  }
}

/**
 * Makes the schema of the delivery queues on PostgreSQL, and lets these roles use it, which may make none themselves.
 * @param ownerUrl of a user who may create schemas in the database
 */
export async function prepareDeliveryQueues(ownerUrl: string, roles: readonly string[]): Promise<void> {
  const client = new pg.Client({
    connectionString: ownerUrl,
    connectionTimeoutMillis: 10_000,
    application_name: "espalier-migrate",
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ may: boolean; found: string[] }>(
      `select has_database_privilege(current_database(), 'create') as may,
         array(select rolname::text from pg_roles where rolname = any($1)) as found`,
      [roles],
    );
    const { may, found } = rows[0]!;
    if (!may) return;
    await runMigrations(client);
    for (const role of found)
      await client.query(
        `grant usage on schema ${DEFAULT_SCHEMA} to ${role};
         grant select, insert, update, delete on all tables in schema ${DEFAULT_SCHEMA} to ${role};
         grant usage on all sequences in schema ${DEFAULT_SCHEMA} to ${role}`,
      );
  } finally {
    await client.end().catch(() => undefined);
  }
}
