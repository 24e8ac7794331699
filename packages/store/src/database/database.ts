import pg from "pg";
import { PrismaPg } from "@prisma/adapter-pg";
import { isProblem, Problem } from "@espalier/contract";
import { beginAct, recordAct } from "../audit/acts.ts";
import { PrismaClient } from "../generated/client.ts";
import { Answers } from "./answers.ts";
import { keptName } from "./kept.ts";
import { lane } from "./lane.ts";
import { adoptRole, type GrantedRole } from "./roles.ts";
import { actFor, currentTenant, type Tenant } from "./tenant.ts";
import { actingFor, actLocally, openTenantPool } from "./tenant-pool.ts";

/** An open transaction, to pass to the calls that belong to it. */
export type Transaction = Pick<pg.PoolClient, "query">;

/**
 * A pool of connections, for the Prisma client and for SQL by hand; docs/decisions/0001-sql-and-prisma.md says which is
 * for what. Renewals have a connection of their own, because nothing that is slow may hold them up.
 */
export interface Database {
  prisma: PrismaClient;
  query: <Row extends pg.QueryResultRow>(sql: string, values?: unknown[]) => Promise<pg.QueryResult<Row>>;
  /**
   * As `query`, but on at most half of the connections; for writes that are many and may wait. When the database is slow,
   * they leave the other half to what must not wait for them.
   */
  bulk: <Row extends pg.QueryResultRow>(sql: string, values?: unknown[]) => Promise<pg.QueryResult<Row>>;
  /**
   * Runs a prepared statement, which is planned once, on the connection that is kept for renewals, and does not wait until
   * what it writes is on disk. The name is the statement's own. Through a pooler (`pooled`) the statement is sent each time,
   * and asks by itself not to wait. The connection is made with the first call, and closed when it does not answer within 15 s.
   */
  prepared: <Row extends pg.QueryResultRow>(
    name: string,
    sql: string,
    values: unknown[],
  ) => Promise<pg.QueryResult<Row>>;
  /** Changes how many connections the pool has at most; those beyond are closed when they are idle. */
  limit: (most: number) => void;
  /** Connections are given out for a transaction at a time, so that settings of a session do not hold. */
  pooled: boolean;
  /**
   * The same, for what acts over all teams. Statements of an API's database otherwise act for the team of the request that
   * sends them (`actFor`), and see the rows of no other.
   */
  allTeams: Database;
  /** Commits when `work` returns; what it changes for a request is recorded in the audit log, see `acts.ts`. */
  transaction: <T>(work: (tx: Transaction) => Promise<T>) => Promise<T>;
  /** For reads that must all see the database at the same moment. */
  snapshot: <T>(work: (tx: Transaction) => Promise<T>) => Promise<T>;
  /** Works in the given transaction, or else in a new one. */
  within: <T>(tx: Transaction | undefined, work: (tx: Transaction) => Promise<T>) => Promise<T>;
  /**
   * A connection outside the pool, not connected yet, for locks and listeners that belong to a session. See `watch`.
   * @param purpose ends its `application_name`
   */
  session: (purpose: string) => pg.Client;
  close: () => Promise<void>;
}

export interface DatabaseOptions {
  /** `postgresql://`; with a `sessionUrl` it may be a pooler that gives out connections for a transaction at a time. */
  url: string;
  /** The server itself, for what needs a session. Default: `url`. */
  sessionUrl?: string | undefined;
  /** Connections of the pool at most. Renewals, once there are any, take one more. */
  poolSize: number;
  /** The server ends a transaction whose client is silent for this long, or for 30 s if that is less. */
  leaseSeconds: number;
  /** Begins each connection's `application_name`: what the process is. Default `espalier`. */
  application?: string | undefined;
  /**
   * What the process does there: `api` acts for teams, `pool` for all of them. PostgreSQL then lets it do only what that role may.
   * Default: what the user of the URL may.
   */
  role?: GrantedRole | undefined;
}

const deadlockTries = 5;
/** A connection that nobody has used for this long is closed, so that an idle process leaves them to others. */
const idleMs = 10_000;
const preparedMs = 15_000;
const probeMs = 3_000;
/**
 * A connection that does not answer a statement for this long is closed. TCP needs a quarter of an hour to notice that its
 * peer has disappeared, and never notices where a proxy between the two acknowledges what is sent.
 */
const statementMs = 30_000;

/** What is sent to a pooler names no settings and no prepared statements: the next transaction may be on another connection. */
export function openDatabase({
  url,
  sessionUrl,
  poolSize,
  leaseSeconds,
  application = "espalier",
  role,
}: DatabaseOptions): Database {
  const pooled = sessionUrl !== undefined;
  // The server notices as little. Without this, the locks of a transaction whose client has disappeared would stay.
  const silence = Math.min(statementMs, leaseSeconds * 1000);
  const connection = {
    connectionString: url,
    application_name: application,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    query_timeout: statementMs,
    ...(pooled ? {} : { idle_in_transaction_session_timeout: silence }),
    idleTimeoutMillis: idleMs,
    onConnect: async (client: pg.ClientBase) => {
      await adoptCluster(client);
      if (role !== undefined && role !== "api" && !pooled) await adoptRole(client, role);
    },
  };
  const silencing = pooled ? `; set local idle_in_transaction_session_timeout = ${silence}` : "";
  // What a session gives up does not hold behind a pooler, so each statement says it there.
  const tenantOf = role === "pool" ? (): Tenant => "all" : currentTenant;
  const tenants =
    role === "api" || (role === "pool" && pooled)
      ? openTenantPool({ ...connection, max: poolSize }, tenantOf)
      : undefined;
  const pool = tenants ?? new pg.Pool({ ...connection, max: poolSize });
  // An idle connection that breaks is dropped by the pool; without a listener its error would end the process.
  pool.on("error", ignore);
  const renewal = {
    ...connection,
    application_name: `${application}-renew`,
    max: 1,
    onConnect: async (client: pg.ClientBase) => {
      await connection.onConnect(client);
      // Left to itself, the server plans a renewal anew each time, which costs more than the renewal.
      if (!pooled)
        await client.query("set synchronous_commit = off; set plan_cache_mode = force_generic_plan");
    },
  };
  const renewing = new pg.Pool(renewal);
  renewing.on("error", ignore);
  // Behind a pooler the process of a connection is the pooler's own affair.
  const answers = pooled
    ? undefined
    : new Answers(async (text, values) => {
        const client = await (tenants ? tenants.plain() : pool.connect());
        let broken = true;
        try {
          // The server tells what a session does to its own user, and not to the role that it acts as.
          await client.query("begin; set local role none");
          const config = { text, values, query_timeout: probeMs } as pg.QueryConfig;
          const answer = await client.query<{ rests: boolean }>(config);
          await client.query("commit");
          broken = false;
          return answer;
        } finally {
          client.release(broken);
        }
      });
  const answered = <T>(client: pg.PoolClient, answer: Promise<T>): Promise<T> =>
    answers === undefined ? answer : answers.of(client, answer);
  const inBulk = lane(Math.max(1, Math.floor(poolSize / 2)));
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) }).$extends({
    query: {
      $allOperations: async ({ operation, args, query }) => {
        if (operation.startsWith("findUnique"))
          throw new Error(`Prisma sends ${operation} together with those of other requests; use findFirst.`);
        try {
          return (await query(args)) as unknown;
        } catch (error) {
          throw toProblem(error);
        }
      },
    },
  }) as unknown as PrismaClient;

  function named(text: string, values?: unknown[]): pg.QueryConfig {
    const name = pooled ? undefined : keptName(text);
    return { text, ...(values === undefined ? {} : { values }), ...(name === undefined ? {} : { name }) };
  }

  /** One statement, on the pool or on the connection for renewals. A connection on which it fails is closed. */
  async function send<Row extends pg.QueryResultRow>(
    config: pg.QueryConfig & { query_timeout?: number },
    through = pool,
  ) {
    try {
      const client = await through.connect();
      client.on("error", ignore);
      let broken = true;
      try {
        const result = await answered(client, client.query<Row>(config));
        broken = false;
        return result;
      } finally {
        client.off("error", ignore);
        client.release(broken);
      }
    } catch (error) {
      throw toProblem(error);
    }
  }

  async function once<T>(work: (tx: Transaction) => Promise<T>, tenant: Tenant, begin = "begin"): Promise<T> {
    const client = await (tenants ? tenants.plain() : pool.connect());
    // The pool listens only while a connection is idle.
    client.on("error", ignore);
    let broken = false;
    const query = ((text: string, values?: unknown[]) =>
      answered(client, client.query(named(text, values)))) as Transaction["query"];
    try {
      await query(begin + silencing + (tenants ? actLocally(tenant) : ""));
      const result = await work({ query });
      await query("commit");
      return result;
    } catch (error) {
      // A connection that does not answer cannot roll back; it is closed, and the server rolls back.
      if (isTimeout(error)) broken = true;
      else await client.query("rollback").catch(() => (broken = true));
      throw error;
    } finally {
      client.off("error", ignore);
      client.release(broken);
    }
  }

  async function transaction<T>(work: (tx: Transaction) => Promise<T>, tenant: Tenant): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        const { result, recorded } = await once(async (tx) => {
          beginAct();
          const result = await work(tx);
          return { result, recorded: await recordAct(tx, result) };
        }, tenant);
        recorded();
        return result;
      } catch (error) {
        // Of two transactions that wait for each other, PostgreSQL ends one; that one is run again.
        if (tries < deadlockTries && isConflict(error)) continue;
        throw toProblem(error);
      }
    }
  }

  function statements(client: PrismaClient, tenantOf: () => Tenant): Omit<Database, "allTeams"> {
    const config = (text: string, values: unknown[]) =>
      tenants ? actingFor(tenantOf(), named(text, values)) : named(text, values);
    return {
      prisma: client,
      query: (text, values = []) => send(config(text, values)),
      bulk: (text, values = []) => inBulk(() => send(config(text, values))),
      prepared: (name, text, values) =>
        send({ ...(pooled ? {} : { name }), text, values, query_timeout: preparedMs }, renewing),
      limit(most) {
        pool.options.max = most;
      },
      pooled,
      transaction: (work) => transaction(work, tenantOf()),
      async snapshot(work) {
        try {
          return await once(work, tenantOf(), "begin isolation level repeatable read, read only");
        } catch (error) {
          throw toProblem(error);
        }
      },
      within: (tx, work) => (tx ? work(tx) : transaction(work, tenantOf())),
      session: (purpose) =>
        new pg.Client({
          ...connection,
          connectionString: sessionUrl ?? url,
          application_name: `${application}-${purpose}`,
        }),
      close: async () => {
        await prisma.$disconnect();
        await Promise.all([pool.end(), renewing.end()]);
      },
    };
  }
  const overAll = prisma.$extends({
    query: {
      $allOperations: ({ args, query }) =>
        actFor({ tenant: "all" }, async () => (await query(args)) as unknown),
    },
  }) as unknown as PrismaClient;
  const allTeams: Database = {
    ...statements(overAll, () => "all"),
    get allTeams() {
      return allTeams;
    },
  };
  return { ...statements(prisma, tenantOf), allTeams };
}

/**
 * Sends a query every `seconds`, and calls `onSilent` once when an answer has not come for `patience` times as long. It is
 * for connections that only listen or only hold a lock: they would never notice that the server has disappeared. In `onSilent`,
 * `client.end()` returns at once, because a query is still open.
 * @param patience default 1: before the next query is due
 * @returns a function that ends the watch
 */
export function watch(client: pg.Client, seconds: number, onSilent: () => void, patience = 1): () => void {
  /** How often the timer has fired since the query that is still open was sent; undefined when none is. */
  let unanswered: number | undefined;
  const timer = setInterval(() => {
    if (unanswered === undefined) {
      unanswered = 0;
      client.query("select 1").then(() => (unanswered = undefined), ignore);
    } else if (++unanswered >= patience) {
      clearInterval(timer);
      onSilent();
    }
  }, seconds * 1000);
  timer.unref();
  return () => clearInterval(timer);
}

const ignore = () => undefined;

/** `pg` has no code for an elapsed `query_timeout`, only this message. */
const isTimeout = (error: unknown): boolean =>
  error instanceof Error && error.message === "Query read timeout";

/** SQLSTATE, or Node's or Prisma's code; where Prisma has passed the server's error on, `originalCode`. */
function codeOf(error: unknown): string | undefined {
  const { originalCode, code } = (error ?? {}) as { originalCode?: unknown; code?: unknown };
  return [originalCode, code].find((each) => typeof each === "string");
}

/** Whether the transaction failed because of another one at the same time, and may succeed when it is run again. */
export const isConflict = (error: unknown): boolean => ["40P01", "40001"].includes(codeOf(error) ?? "");

/** Events go on after those that were written in another cluster, which a dump was taken from. Before a migration there are none. */
async function adoptCluster(client: { query: (sql: string) => Promise<unknown> }): Promise<void> {
  try {
    await client.query("select adopt_cluster()");
  } catch (error) {
    if (!["42883", "42P01"].includes(codeOf(error) ?? "")) throw error;
  }
}

// Connection errors of Node, SQLSTATE classes 08 and 57P0x (starting up, shutting down), 53 (out of connections, memory or
// disk), a database that is away while another one is restored in its place, idle in a transaction for too long; Prisma's own
// numbers.
const unreachable =
  /^(ECONN(REFUSED|RESET|ABORTED)|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT|EHOSTUNREACH|08\d{3}|57P0[1-5]|25P03|3D000|53\d{3}|P1001|P1002|P1003|P1008|P1017|P2024|P2037)$/;
const unreachableText =
  /connection terminated|query read timeout|timeout exceeded when trying to connect|client has encountered a connection error|server closed the connection|not queryable/i;
const outOfConnections = /^(53300|P2037)$/;

/**
 * Turns the many errors of a database that cannot be reached into `service/unavailable`; returns any other error as it is.
 */
export function toProblem(error: unknown): unknown {
  if (isProblem(error)) return error;
  for (const each of causes(error)) {
    const code = codeOf(each) ?? "";
    // Raised by `run_inputs_held`, with a sentence for the user.
    if (code === "ES404" && each instanceof Error)
      return new Problem("resource/not-found", each.message, {}, { cause: error });
    if (unreachable.test(code) || (each instanceof Error && unreachableText.test(each.message)))
      return new Problem(
        "service/unavailable",
        outOfConnections.test(code)
          ? "The database has no connection left; try again in a moment. docs/operations.md says how to see who holds them."
          : "The database cannot be reached; try again in a moment.",
        {},
        { cause: error },
      );
  }
  return error;
}

/** The error and what caused it. Prisma keeps the driver's error in `meta`, and the server's in the `cause` of that. */
function* causes(error: unknown): Generator<object> {
  for (let each = error; typeof each === "object" && each !== null;) {
    yield each;
    const { cause, meta } = each as { cause?: unknown; meta?: { driverAdapterError?: unknown } };
    each = cause ?? meta?.driverAdapterError;
  }
}
