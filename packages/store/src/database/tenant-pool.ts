import pg from "pg";
import { grantedRoles } from "./roles.ts";
import type { Tenant } from "./tenant.ts";

/** The settings of a transaction that tell PostgreSQL for whom it acts. */
interface Acting {
  role: string;
  team: string;
}

const actingOf = (tenant: Tenant): Acting =>
  tenant === "all"
    ? { role: grantedRoles.pool, team: "" }
    : { role: grantedRoles.api, team: tenant?.teamId ?? "" };

/** Neither function is null, so both are called, and there is no row. */
const acting =
  "select 1 where set_config('role', $1, true) is null or set_config('espalier.team', $2, true) is null";

/** The same for a transaction, to follow its `begin` in one round trip. */
export function actLocally(tenant: Tenant): string {
  const { role, team } = actingOf(tenant);
  return `; set local role ${pg.escapeIdentifier(role)}; set local espalier.team = ${pg.escapeLiteral(team)}`;
}

/** What `pg` has, beside what its types name. */
interface Protocol {
  parse(message: { text: string; name: string }): void;
  bind(message: {
    portal: string;
    statement: string;
    values: string[];
    valueMapper: (value: unknown) => unknown;
  }): void;
  execute(message: { portal: string; rows: number }): void;
}
type Done = (error: Error | null, result: pg.QueryResult) => void;
type Config = pg.QueryConfig & { acting?: Acting };
interface BaseQuery {
  callback?: Done;
  requiresPreparation(): boolean;
  prepare(connection: Protocol): void;
  handleCommandComplete(message: unknown, connection: Protocol): void;
}
interface BaseClient {
  query(...given: unknown[]): unknown;
}
interface BasePool {
  query(...given: unknown[]): unknown;
  connect(...given: unknown[]): unknown;
}
const Query = pg.Query as unknown as new (config: Config, values?: unknown[]) => BaseQuery;
const Client = pg.Client as unknown as new () => BaseClient;
const Pool = pg.Pool as unknown as new (config: object) => BasePool;

/**
 * A statement after the one that says for whom it acts, in one round trip: what lies between two Syncs of the protocol is one
 * transaction, whose local settings end with it. A pooler in transaction mode keeps the two together too.
 */
class ActingQuery extends Query {
  readonly #acting: Acting;
  #acts = false;

  constructor(config: Config, values: unknown[] | undefined, as: Acting) {
    super(config, values);
    this.#acting = as;
  }

  /** The simple protocol would take no values, and the settings are values. */
  override requiresPreparation(): boolean {
    return true;
  }

  override prepare(connection: Protocol): void {
    const { role, team } = this.#acting;
    connection.parse({ text: acting, name: "" });
    connection.bind({ portal: "", statement: "", values: [role, team], valueMapper: (value) => value });
    connection.execute({ portal: "", rows: 0 });
    super.prepare(connection);
  }

  override handleCommandComplete(message: unknown, connection: Protocol): void {
    if (this.#acts) super.handleCommandComplete(message, connection);
    else this.#acts = true;
  }
}

/** Sends each statement of a pool, or of a transaction of Prisma's, after the one that says for whom it acts. */
class ActingClient extends Client {
  /** Of a connection that was taken from the pool. A transaction of ours says it once, when it begins. */
  acting: Acting | undefined;

  override query(...given: unknown[]): unknown {
    const [config, values] = given as [Config | string, unknown];
    const as = (typeof config === "object" ? config.acting : undefined) ?? this.acting;
    if (as === undefined) return super.query(...given);
    const query = new ActingQuery(
      typeof config === "string" ? { text: config } : config,
      Array.isArray(values) ? values : undefined,
      as,
    );
    const done = given.find((each) => typeof each === "function") as Done | undefined;
    if (done) {
      query.callback = done;
      return super.query(query);
    }
    return new Promise<pg.QueryResult>((resolve, reject) => {
      query.callback = (error, result) => (error ? reject(error) : resolve(result));
      super.query(query);
    });
  }
}

/** A statement may wait for a connection that another request gives back, so its tenant is looked up when it is asked for. */
class ActingPool extends Pool {
  readonly #tenantOf: () => Tenant;

  constructor(config: pg.PoolConfig, tenantOf: () => Tenant) {
    super({ ...config, Client: ActingClient });
    this.#tenantOf = tenantOf;
  }

  override query(...[config, ...more]: [Config | string, ...unknown[]]): unknown {
    const given = typeof config === "string" ? { text: config } : config;
    return super.query({ ...given, acting: given.acting ?? actingOf(this.#tenantOf()) }, ...more);
  }

  /** For Prisma's transactions, each statement of which says for whom it acts; the pool itself asks with a function. */
  override connect(...given: unknown[]): unknown {
    return given.length > 0 ? super.connect(...given) : this.#taken(actingOf(this.#tenantOf()));
  }

  plain(): Promise<pg.PoolClient> {
    return this.#taken(undefined);
  }

  async #taken(as: Acting | undefined): Promise<pg.PoolClient> {
    return Object.assign((await super.connect()) as pg.PoolClient, { acting: as });
  }
}

/** A pool whose statements act for the tenant of the moment in which they are asked for. */
export interface TenantPool extends pg.Pool {
  /** A connection for a transaction that says itself, when it begins, for whom it acts (`actLocally`). */
  plain(): Promise<pg.PoolClient>;
}

export const openTenantPool = (config: pg.PoolConfig, tenantOf: () => Tenant): TenantPool =>
  new ActingPool(config, tenantOf) as unknown as TenantPool;

/** A statement that acts for this tenant, whichever request sends it. */
export const actingFor = <T extends object>(tenant: Tenant, config: T): T => ({
  ...config,
  acting: actingOf(tenant),
});
