import type pg from "pg";

/** After so long without an answer the server is asked, on another connection, what it does. */
const suspectMs = 5_000;
const everyMs = 1_000;

/** What the server says of a backend: `state_change` is older than `suspectMs`, and it works on nothing. */
const isAtRest = `select state is distinct from 'active' and state_change < clock_timestamp() - make_interval(secs => $2) as rests
  from pg_stat_activity where pid = $1`;

interface Asking {
  readonly client: pg.PoolClient;
  readonly since: number;
}

/**
 * Finds statements whose answer will never come: a network that forgets a connection tells neither side. While the server works
 * on a statement, that may take its time; when it says that it has nothing to do for this connection, the answer was lost, or the
 * statement itself was, and the connection is closed. So a leader whose commit was answered into nowhere goes on after seconds.
 */
export class Answers {
  readonly #ask: (text: string, values: unknown[]) => Promise<pg.QueryResult<{ rests: boolean }>>;
  readonly #asking = new Set<Asking>();
  readonly #suspected = new Set<Asking>();
  #timer: NodeJS.Timeout | undefined;

  /** @param ask on another connection */
  constructor(ask: (text: string, values: unknown[]) => Promise<pg.QueryResult<{ rests: boolean }>>) {
    this.#ask = ask;
  }

  /** Waits for a statement on a client. It rejects as on any broken connection where the answer is lost. */
  async of<T>(client: pg.PoolClient, answer: Promise<T>): Promise<T> {
    const asking = { client, since: performance.now() };
    this.#asking.add(asking);
    this.#timer ??= setInterval(() => this.#look(), everyMs).unref();
    try {
      return await answer;
    } finally {
      this.#asking.delete(asking);
      if (this.#asking.size === 0) {
        clearInterval(this.#timer);
        this.#timer = undefined;
      }
    }
  }

  #look(): void {
    const now = performance.now();
    for (const asking of this.#asking)
      if (now - asking.since > suspectMs && !this.#suspected.has(asking)) void this.#check(asking);
  }

  async #check(asking: Asking): Promise<void> {
    this.#suspected.add(asking);
    try {
      const { processID, connection } = asking.client as pg.PoolClient & Internals;
      const { rows } = await this.#ask(isAtRest, [processID, suspectMs / 1000]);
      // No row: the server has ended it.
      if ((rows[0]?.rests ?? true) && this.#asking.has(asking)) connection.stream.destroy();
    } catch {
      // The database is away, or this connection was lost as well; the statement's own time limit holds.
    } finally {
      this.#suspected.delete(asking);
    }
  }
}

/** What a client of pg has and its types leave out. */
interface Internals {
  processID: number;
  connection: { stream: { destroy(): void } };
}
