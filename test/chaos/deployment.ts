import { readFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newApiKey } from "@espalier/contract";
import pg from "pg";
import { freePort } from "../../apps/cli/src/stack/port.ts";
import { startPostgres, type PostgresServer } from "../servers/postgres.ts";
import { startRedis, type RedisServer } from "../servers/redis.ts";
import { Backup } from "./backup.ts";
import { check, type Violation } from "./check.ts";
import type { History } from "./history.ts";
import { Link } from "./link.ts";
import { Member } from "./member.ts";
import { Mount } from "./mount.ts";
import { until } from "./patience.ts";
import { snapshot } from "./snapshot.ts";
import { Submitter } from "./submitter.ts";

export type QueueKind = "postgres" | "redis";

export interface DeploymentOptions {
  queue: QueueKind;
  history: History;
  apis?: number;
  workers?: number;
  /** Short, so that losses are noticed in seconds; long enough for a machine on which much else runs. Default 9. */
  leaseSeconds?: number;
}

/** Free bytes below which no run starts: little, so that small file systems will do. */
const leastFree = String(16 * 2 ** 20);

/** A server that can be taken away and brought back. */
interface Server extends Pick<PostgresServer, "url" | "stop" | "start" | "crash" | "remove"> {
  up: boolean;
}

/**
 * The service as processes: PostgreSQL, the queue's server, APIs and workers, each of these with its own link to each
 * server. The suite talks to the APIs as a client does, and to nothing else but processes, links and servers.
 */
export class Deployment {
  readonly queue: QueueKind;
  readonly leaseSeconds: number;
  readonly history: History;
  readonly folder: string;
  readonly postgres: Server;
  readonly redis: Server | undefined;
  readonly apis: Member[] = [];
  readonly workers: Member[] = [];
  readonly client: Submitter;
  readonly #key = newApiKey();

  private constructor(
    { queue, history, leaseSeconds = 9 }: DeploymentOptions,
    { folder, postgres, redis }: { folder: string; postgres: PostgresServer; redis: RedisServer | undefined },
  ) {
    this.queue = queue;
    this.leaseSeconds = leaseSeconds;
    this.history = history;
    this.folder = folder;
    this.postgres = supervised(postgres);
    // A Redis that keeps no file forgets everything however it ends.
    this.redis = redis && supervised({ ...redis, crash: redis.stop });
    this.client = new Submitter({ key: this.#key, history });
  }

  static async start(options: DeploymentOptions): Promise<Deployment> {
    const [folder, postgres, redis] = await Promise.all([
      mkdtemp(join(tmpdir(), "espalier-chaos-")),
      startPostgres(),
      options.queue === "redis" ? startRedis() : undefined,
    ]);
    const deployment = new Deployment(options, { folder, postgres, redis });
    const { apis = 2, workers = 3 } = options;
    try {
      await mkdir(deployment.bytesRoot);
      for (let i = 1; i <= apis; i++) deployment.apis.push(await deployment.#api(`api-${i}`));
      for (let i = 1; i <= workers; i++) deployment.workers.push(await deployment.#worker(`worker-${i}`));
      for (const member of deployment.members) member.start();
      await deployment.ready();
      await deployment.client.prepare();
      return deployment;
    } catch (error) {
      const logs = deployment.members.map(({ name, log }) => `${name}:\n${log.slice(-2000)}`);
      await deployment.close();
      throw new Error(`the deployment did not start\n${logs.join("\n")}`, { cause: error });
    }
  }

  get members(): Member[] {
    return [...this.apis, ...this.workers];
  }

  get bytesRoot(): string {
    return join(this.folder, "data");
  }

  /**
   * Resolves when every API answers and every worker has registered since it was started last. What gave up because a
   * server was away is started again, as whoever runs the service does.
   */
  async ready(): Promise<void> {
    const started = (member: Member): boolean => {
      if (!member.alive) member.start();
      return true;
    };
    for (const [index, api] of this.apis.entries())
      await until(`${api.name} is ready`, () => started(api) && this.client.isReady(index));
    for (const worker of this.workers)
      await until(
        `${worker.name} is registered`,
        () => started(worker) && worker.log.includes(`"pid":${worker.pid},"workerId"`),
      );
  }

  /** Writes down a fault. */
  note(fault: string, target: string): void {
    this.history.add({ type: "fault", fault, target });
  }

  /** Ends every fault: servers up, ways open, folders mounted, processes there and awake. */
  async heal(): Promise<void> {
    for (const server of [this.postgres, this.redis]) if (server && !server.up) await server.start();
    for (const { links, mount } of this.members) {
      for (const link of Object.values(links)) link.heal();
      mount.heal();
    }
    for (const member of this.members) {
      if (!member.alive) member.start();
      else if (member.frozen) member.signal("SIGCONT");
    }
  }

  /** Heals, waits until nothing moves any more, and says what is not as it must be. */
  async verify(seconds = 240): Promise<Violation[]> {
    await this.heal();
    await this.ready();
    // What does not end in time is found in the snapshot.
    await until("every run has ended", () => this.#allEnded(), { seconds, ms: 250 }).catch(() => undefined);
    await until("no computation is left", async () => (await this.#computing()).length === 0, {
      seconds: 60,
    }).catch(() => undefined);
    for (const pid of await this.#computing()) this.history.add({ type: "orphan", pid });
    const entries = await snapshot(this.postgres.url, this.bytesRoot, (runId) => this.client.metrics(runId));
    const violations = check([...this.history.entries, ...entries]);
    if (violations.length > 0) for (const entry of entries) this.history.add(entry);
    return violations;
  }

  async close(): Promise<void> {
    for (const member of this.members) {
      if (member.frozen) member.signal("SIGCONT");
      await member.kill();
    }
    const links = new Set(this.members.flatMap((member) => Object.values(member.links)));
    await Promise.all([...links].map((link) => link.close()));
    await Promise.all([this.postgres.remove(), this.redis?.remove()]);
    // Compute processes of the killed workers end by themselves, and write until they have.
    await rm(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }

  /** As a migration does that workers of before do not understand, or its opposite. */
  async raiseProtocol(by: number): Promise<void> {
    await this.#administer("update worker_protocol set oldest = oldest + $1, newest = newest + $1", [by]);
  }

  /** Ends the connections of an application, on the server's side. */
  async terminate(application: string): Promise<void> {
    await this.#administer(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1",
      [application],
    );
  }

  /** Copies the database; what it returns puts the copy in its place, under all that lives. */
  async backUp(): Promise<() => Promise<void>> {
    const backup = await Backup.take(this.postgres.url);
    return async () => {
      const runIds = () => this.look<{ id: string }>("select id from run where kind = 'train'");
      const before = await runIds();
      await backup.restore();
      const known = (await runIds()).map(({ id }) => id);
      const forgotten = before.map(({ id }) => id).filter((id) => !known.includes(id));
      this.history.add({ type: "restored", forgotten, known });
    };
  }

  /** Changes the schema beside all links, as a fault of the server does it. */
  change(sql: string): Promise<void> {
    return this.#administer(sql, []);
  }

  async #administer(sql: string, values: unknown[]): Promise<void> {
    const client = new pg.Client({ connectionString: this.postgres.url });
    await client.connect();
    try {
      await client.query(sql, values);
    } finally {
      await client.end();
    }
  }

  /** Rows of a query that only reads, beside all links. */
  async look<Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.postgres.url });
    client.on("error", () => undefined);
    await client.connect();
    try {
      await client.query("set default_transaction_read_only = on");
      return (await client.query<Row>(sql, values)).rows;
    } finally {
      await client.end();
    }
  }

  async #allEnded(): Promise<boolean> {
    const rows = await this.look(
      "select from run where state in ('WAITING', 'QUEUED', 'DISPATCHED', 'RUNNING') limit 1",
    );
    return rows.length === 0;
  }

  /** Compute processes that live. */
  async #computing(): Promise<number[]> {
    const alive = await Promise.all(
      this.workers
        .flatMap(({ computes }) => computes)
        .map(async ({ pid }) => {
          const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
          return /trainer(\/main\.ts|\.mjs)/.test(command) ? [pid] : [];
        }),
    );
    return alive.flat();
  }

  async #api(name: string): Promise<Member> {
    const port = await freePort();
    this.client.add(`http://127.0.0.1:${port}`);
    return this.#member(name, "apps/api/src/main.ts", {
      ESPALIER_PORT: String(port),
      ESPALIER_BOOTSTRAP_KEY: this.#key,
    });
  }

  async #worker(name: string): Promise<Member> {
    return this.#member(name, "test/chaos/worker/main.ts", {
      ESPALIER_WORKER_NAME: name,
      ESPALIER_SCRATCH: join(this.folder, `scratch-${name}`),
      ESPALIER_DEVICES: "cpu",
      ESPALIER_THREADS: "1",
    });
  }

  async #member(name: string, module: string, environment: Record<string, string>): Promise<Member> {
    const database = await Link.to(this.postgres.url);
    const queue = this.redis ? await Link.to(this.redis.url) : database;
    const mount = new Mount(join(this.folder, `mount-${name}`), this.bytesRoot);
    return new Member({
      name,
      module,
      log: join(this.folder, `${name}.log`),
      links: { database, queue },
      mount,
      environment: {
        DATABASE_URL: database.via(this.postgres.url),
        ...(this.redis ? { REDIS_URL: queue.via(this.redis.url) } : {}),
        ESPALIER_DATA: mount.path,
        ESPALIER_MIN_FREE_DATA: leastFree,
        ESPALIER_MIN_FREE_SCRATCH: leastFree,
        ESPALIER_LEASE_SECONDS: String(this.leaseSeconds),
        ESPALIER_HUNG_SECONDS: "60",
        ...environment,
      },
    });
  }
}

function supervised(server: Omit<Server, "up">): Server {
  const state = (up: boolean, change: () => Promise<void>) => async () => {
    if (supervising.up === up) return;
    supervising.up = up;
    await change();
  };
  const supervising: Server = {
    url: server.url,
    up: true,
    stop: state(false, server.stop),
    crash: state(false, server.crash),
    start: state(true, server.start),
    remove: server.remove,
  };
  return supervising;
}
