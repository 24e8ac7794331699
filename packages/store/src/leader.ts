import { toProblem, type Database } from "./database.ts";

/** Leadership of a name, held by a connection of its own. */
export interface Leadership {
  /** Aborts when the connection, and with it the leadership, is gone. */
  signal: AbortSignal;
  release(): Promise<void>;
}

export interface Leader {
  /** One holder per name and database; undefined while another has it. */
  acquire(name: string): Promise<Leadership | undefined>;
}

/** Locks of Espalier among the advisory locks of a database. */
const lockSpace = 0x65737061;

export function createLeader({ session }: Database): Leader {
  return {
    async acquire(name) {
      const client = session();
      const lost = new AbortController();
      const end = () => lost.abort(new Error(`The leadership of ${name} is lost.`));
      client.on("error", end);
      client.on("end", end);
      try {
        await client.connect();
        const { rows } = await client.query<{ held: boolean }>(
          "select pg_try_advisory_lock($1, hashtext($2)) as held",
          [lockSpace, name],
        );
        if (rows[0]?.held) {
          return { signal: lost.signal, release: () => client.end() };
        }
        await client.end();
        return undefined;
      } catch (error) {
        await client.end().catch(() => undefined);
        throw toProblem(error);
      }
    },
  };
}
