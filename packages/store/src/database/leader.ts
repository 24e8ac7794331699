import { type LeaseTiming } from "@espalier/contract";
import { toProblem, watch, type Database } from "./database.ts";

/** Leadership under a name. A connection of its own holds it. */
export interface Leadership {
  /** Aborts when the connection, and with it the leadership, is gone. */
  signal: AbortSignal;
  release(): Promise<void>;
}

export interface Leader {
  /**
   * Undefined while somebody else is the leader under this name. When a leader is frozen or its connection is cut, the server
   * ends its session after `timing.leader` seconds, and another process can become the leader. A leader that is cut off
   * notices about as soon, and its signal aborts; one that was frozen notices when it wakes. Until then there may be two, so what
   * a leader decides must be refused by the database when another one has decided meanwhile.
   */
  acquire(name: string): Promise<Leadership | undefined>;
}

/** A leader shows that it is there so many times before the server takes it for gone. */
const signsOfLife = 4;

/** First key of the advisory locks, so that they are not those of another program in the same database. */
const lockSpace = 0x65737061;

export function createLeader({ session }: Database, timing: LeaseTiming): Leader {
  return {
    async acquire(name) {
      const client = session("leader");
      const lost = new AbortController();
      let unwatch = (): void => undefined;
      const end = () => {
        unwatch();
        lost.abort(new Error(`The leadership of ${name} is lost.`));
      };
      client.on("error", end);
      client.on("end", end);
      try {
        await client.connect();
        const { rows } = await client.query<{ held: boolean }>(
          "select pg_try_advisory_lock($1, hashtext($2)) as held",
          [lockSpace, name],
        );
        if (rows[0]?.held) {
          // The server would keep the lock of a silent session for hours.
          await client.query(`set idle_session_timeout = ${Math.round(timing.leader * 1000)}`);
          const onSilent = () => {
            end();
            void client.end().catch(() => undefined);
          };
          unwatch = watch(client, timing.leader / signsOfLife, onSilent, signsOfLife - 1);
          return {
            signal: lost.signal,
            async release() {
              unwatch();
              if (!lost.signal.aborted) await client.end();
            },
          };
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
