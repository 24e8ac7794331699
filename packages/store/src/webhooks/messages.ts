import {
  isTerminal,
  newId,
  type RecordedEvent,
  type RunKind,
  type RunState,
  type WebhookEvent,
  type WebhookFilter,
  type WorkerEvent,
} from "@espalier/contract";
import type { Database, Transaction } from "../database/database.ts";
import { toJson } from "../database/json.ts";
import { iso, present } from "../database/row.ts";
import { readEvents } from "../events/events.ts";
import { endedParents } from "./ended.ts";

/** Something that webhooks may be told, once to each. */
export interface Message {
  /** The same whenever it is made of the same event. */
  id: string;
  type: WebhookEvent;
  at: string;
  data: object;
  /** Absent for what is of the pool. */
  teamId?: string;
  kind?: RunKind;
  /** Who made the run, or what has the runs. */
  user?: string;
  state?: RunState;
  experimentId?: string;
}

interface RunFacts {
  kind: RunKind;
  user: string;
}

interface Listener {
  id: string;
  teamId: string;
  events: WebhookEvent[];
  filter: WebhookFilter;
  operator: boolean;
  activeSince: Date;
}

/**
 * Makes messages of what has happened since, for the webhooks that want to hear of it, and remembers up to where. That is one
 * transaction, which one process at a time has: killed at any moment, it is done again whole.
 * @returns how many events were read; 0 where there are no more, nobody listens, or another process does it
 */
export const makeMessages = ({ transaction }: Pick<Database, "transaction">, limit = 500): Promise<number> =>
  transaction(async (tx) => {
    const { rows: listeners } = await tx.query<Listener>(
      `select id, team_id as "teamId", events, filter, operator, active_since as "activeSince"
       from webhook where paused_at is null`,
    );
    if (listeners.length === 0) return 0;
    const { rows } = await tx.query<{ event: string; workerEvent: string }>(
      `select event, worker_event as "workerEvent" from webhook_cursor for update skip locked`,
    );
    const [cursor] = rows;
    if (!cursor) return 0;
    const events = await readEvents(tx, { after: cursor.event, limit });
    const messages = [...(await ofRuns(tx, events)), ...(await ofWorkers(tx, cursor.workerEvent))];
    await addDeliveries(tx, listeners, messages);
    const last = events.at(-1)?.event.id;
    // An event of a worker gets its number before it is committed, so that those of the last minute are looked at again.
    await tx.query(
      `update webhook_cursor set event = coalesce($1, event), worker_event = greatest(worker_event,
         (select max(id) from worker_event where id > worker_event and at < now() - interval '1 minute'))
       where $1::text is not null or exists (
         select from worker_event w where w.id > worker_event and w.at < now() - interval '1 minute')`,
      [last ?? null],
    );
    return events.length;
  });

async function ofRuns(
  tx: Transaction,
  events: readonly { teamId: string; event: RecordedEvent }[],
): Promise<Message[]> {
  const told = events.filter(({ event }) => event.type !== "run.waiting");
  if (told.length === 0) return [];
  const { rows } = await tx.query<RunFacts & { id: string }>(
    "select id, kind, coalesce(created_by ->> 'user', 'default') as user from run where id = any($1)",
    [[...new Set(told.map(({ event }) => event.runId))]],
  );
  const runs = new Map(rows.map(({ id, ...facts }) => [id, facts]));
  const messages: Message[] = [];
  for (const { teamId, event } of told) {
    const run = runs.get(event.runId);
    if (!run || event.type === "run.waiting") continue;
    const { id, at, type, ...data } = event;
    messages.push({
      id: `msg_${id}`,
      type,
      at,
      teamId,
      ...run,
      data: { ...data, ...run },
      ...("state" in event ? { state: event.state } : {}),
      ...(event.experimentId === undefined ? {} : { experimentId: event.experimentId }),
    });
  }
  const ends = told.filter(({ event }) => event.type === "run.state" && isTerminal(event.state));
  return [...messages, ...(await endedParents(tx, ends))];
}

async function ofWorkers(tx: Transaction, after: string): Promise<Message[]> {
  const { rows } = await tx.query<{ id: string; at: Date } & Record<string, string | Date | null>>(
    `select id, at, worker_name as worker, type, device, cause, reason, actor as by from worker_event
     where id > $1 order by id limit 500`,
    [after],
  );
  return rows.map(({ id, at, ...data }) => ({
    id: `msg_worker-${id}`,
    type: "worker.event",
    at: iso(at),
    data: present(data) as Omit<WorkerEvent, "id" | "at">,
  }));
}

/** A message that a webhook has had already is not added again. */
async function addDeliveries(
  tx: Transaction,
  listeners: readonly Listener[],
  messages: readonly Message[],
): Promise<void> {
  const wanted = messages.flatMap((message) =>
    listeners.filter((listener) => wants(listener, message)).map(({ id }) => ({ webhook: id, message })),
  );
  if (wanted.length === 0) return;
  await tx.query(
    `insert into webhook_delivery (id, webhook_id, message_id, type, body)
     select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::jsonb[])
     on conflict (webhook_id, message_id) do nothing`,
    [
      wanted.map(() => newId("delivery")),
      wanted.map(({ webhook }) => webhook),
      wanted.map(({ message }) => message.id),
      wanted.map(({ message }) => message.type),
      wanted.map(({ message: { type, at, data } }) => toJson({ type, timestamp: at, data })),
    ],
  );
}

function wants({ teamId, events, filter, operator, activeSince }: Listener, message: Message): boolean {
  if (!events.includes(message.type) || Date.parse(message.at) < activeSince.getTime()) return false;
  if (message.teamId === undefined) return operator;
  if (message.teamId !== teamId) return false;
  const { states, kinds, createdBy, experimentId } = filter;
  const { kind, user, state } = message;
  return (
    (state === undefined || states === undefined || states.includes(state)) &&
    (kind === undefined || kinds === undefined || kinds.includes(kind)) &&
    (user === undefined || createdBy === undefined || user === createdBy) &&
    (experimentId === undefined || message.experimentId === experimentId)
  );
}
