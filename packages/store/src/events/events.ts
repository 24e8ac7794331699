import type { RecordedEvent, RunProgressEvent } from "@espalier/contract";
import type { Client } from "pg";
import { watch, type Database, type Transaction } from "../database/database.ts";
import { cursorOf } from "../database/cursor.ts";
import { iso } from "../database/row.ts";

/** Says that something may have changed; reading says what. All fields are empty when hints may have been missed. */
export interface Hint {
  teamId: string;
  runId: string;
  what: "state" | "progress" | "cancel" | "waiting" | "";
  /** With `progress`: the event itself, because it is not stored. */
  progress?: RunProgressEvent;
}

export interface Events {
  /**
   * Events after a cursor. No transaction that commits later can add an event before a cursor that was returned, also after
   * a dump was restored into another cluster. A cursor of which this database has no past, because an older copy of its
   * files was brought back, reads from the beginning.
   */
  read(
    teamId: string,
    options?: { runId?: string; after?: string; limit?: number },
  ): Promise<{ events: RecordedEvent[]; cursor: string }>;
  /** As `read`, of all teams. */
  readAll(options: { after: string; limit: number }): Promise<{
    events: { teamId: string; event: RecordedEvent }[];
    cursor: string;
  }>;
  /** The cursor of this moment; reading after it returns only what happens later. */
  position(): Promise<string>;
  /** Calls `listener` after every committed change, until the returned function is called. Hints can be lost, so poll too. */
  subscribe(listener: (hint: Hint) => void): () => void;
}

/** The channel of the notifications. Each one is a team, a run and what has changed; for progress, the event follows. */
export const channel = "espalier_run";
const reconnectMs = 1_000;
const watchSeconds = 15;
/** A transaction's number and a serial number. */
const byTransaction = cursorOf(["bigint", "bigint"], {
  separator: "-",
  field: "/last-event-id",
  refusal: "This id is of no event; connect without Last-Event-ID.",
});
const anything: Hint = { teamId: "", runId: "", what: "" };

/** `close` ends the connection that listens. */
export function createEvents({ query, allTeams, session }: Database): Events & { close(): Promise<void> } {
  const listeners = new Set<(hint: Hint) => void>();
  const notify = (hint: Hint): void => {
    for (const listener of listeners) listener(hint);
  };
  let closed = false;
  let client: Client | undefined;
  let reconnect: NodeJS.Timeout | undefined;

  /** Listens on a connection of its own while there are subscribers. A connection that is lost is opened again. */
  function listen(): void {
    if (closed || client || listeners.size === 0) return;
    const mine = session("listen");
    client = mine;
    let ended = false;
    let unwatch = (): void => undefined;
    const again = (): void => {
      if (ended) return;
      ended = true;
      unwatch();
      void mine.end().catch(() => undefined);
      if (client === mine) client = undefined;
      if (!closed) reconnect = setTimeout(listen, reconnectMs);
    };
    mine.on("error", again);
    mine.on("end", again);
    mine.on("notification", ({ payload = "" }) => notify(toHint(payload)));
    void (async () => {
      try {
        await mine.connect();
        await mine.query(`listen ${channel}`);
        unwatch = watch(mine, watchSeconds, again);
        // There was no hint for what was committed before this connection listened.
        notify(anything);
      } catch {
        again();
      }
    })();
  }

  return {
    async read(teamId, { runId, after = "0-0", limit = 200 } = {}) {
      const events = (await readEvents({ query } as Transaction, { teamId, runId, after, limit })).map(
        ({ event }) => event,
      );
      return { events, cursor: events.at(-1)?.id ?? after };
    },
    async readAll({ after, limit }) {
      const events = await readEvents(allTeams as unknown as Transaction, { after, limit });
      return { events, cursor: events.at(-1)?.event.id ?? after };
    },
    async position() {
      const { rows } = await query<{ xid: string }>("select (event_horizon() - 1)::text as xid");
      return byTransaction.write(rows[0]!.xid, 2n ** 63n - 1n);
    },
    subscribe(listener) {
      listeners.add(listener);
      listen();
      return () => void listeners.delete(listener);
    },
    async close() {
      closed = true;
      clearTimeout(reconnect);
      await client?.end().catch(() => undefined);
    },
  };
}

/** Events of all teams, or of one, after a cursor: see `Events.read`. */
export async function readEvents(
  tx: Transaction,
  {
    teamId,
    runId,
    after,
    limit,
  }: { teamId?: string; runId?: string | undefined; after: string; limit: number },
): Promise<{ teamId: string; event: RecordedEvent }[]> {
  const [xid, seq] = byTransaction.read(after);
  const { rows } = await tx.query<{ teamId: string; xid: string; seq: string; at: Date; body: object }>(
    `select team_id as "teamId", xid, seq, at, body from event
     where ($1::text is null or team_id = $1) and ($2::text is null or run_id = $2)
       and (xid, seq) > (case when $3::bigint < (select event_horizon()) then $3::bigint else 0 end, $4::bigint)
       and xid < (select event_horizon())
     order by xid, seq limit $5`,
    [teamId ?? null, runId ?? null, xid, seq, limit],
  );
  return rows.map(({ teamId, xid, seq, at, body }) => ({
    teamId,
    event: { id: byTransaction.write(xid, seq), at: iso(at), ...body } as RecordedEvent,
  }));
}

function toHint(payload: string): Hint {
  const [, teamId = "", runId = "", what = "", body] = /^(\S*) (\S*) (\S*)(?: (.*))?$/s.exec(payload) ?? [];
  const hint = { teamId, runId, what: what as Hint["what"] };
  if (body === undefined) return hint;
  const event = JSON.parse(body) as RunProgressEvent;
  return { ...hint, progress: { ...event, at: iso(new Date(event.at)) } };
}
