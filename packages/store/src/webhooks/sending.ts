import { isProblem, newId } from "@espalier/contract";
import type { Database, Transaction } from "../database/database.ts";
import { toJson } from "../database/json.ts";
import type { Sealer } from "../secrets/sealer.ts";
import { webhookContext } from "./webhooks.ts";

/** A message that one process is to send now. */
export interface DueDelivery {
  id: string;
  webhookId: string;
  messageId: string;
  url: string;
  /** Text of what is sent. */
  body: string;
  /** `whsec_…`; a problem instead where no secret of this process opens it. */
  secret: string | { problem: string };
  /** Which try this is, from 1: only who began it may say how it ended. */
  try: number;
}

/** How a try has ended. */
export type SendOutcome =
  | { delivered: true; status: number }
  | {
      delivered: false;
      problem: string;
      status?: number;
      /** Longest of what the service and the receiver want. */
      retrySeconds: number;
      /** The receiver wants nothing more, for ever. */
      gone?: boolean;
    };

/** When to give up. */
export interface SendingLimits {
  /** A message is given up this long after it became due. */
  giveUpSeconds: number;
  /** A webhook is paused after so many failures in a row, when they have lasted this long. */
  pauseFailures: number;
  pauseSeconds: number;
}

const sendingLimits: SendingLimits = { giveUpSeconds: 86_400, pauseFailures: 50, pauseSeconds: 3_600 };

/** Of one webhook so many are sent at a time, so that a slow one leaves room to others. */
const atOnce = 4;
/** Whoever takes a message and does not say within this time how it went has been killed: it is sent again. */
const takenSeconds = 60;

export interface Sending {
  /** Takes messages that are due, also of a paused webhook those that somebody asked for. Several processes never take the same. */
  take(most: number): Promise<DueDelivery[]>;
  /**
   * Says how a try ended. Nothing is done where another process has begun a later one.
   * @returns why the webhook was paused, where it was
   */
  finish(delivery: DueDelivery, outcome: SendOutcome, limits?: SendingLimits): Promise<string | undefined>;
}

export function createSending({ query, transaction }: Database, sealer: Sealer): Sending {
  return {
    async take(most) {
      const { rows } = await query<Omit<DueDelivery, "secret"> & { sealed: Buffer }>(
        `with due as (
           select c.id from webhook w cross join lateral (
             select id from webhook_delivery
             where webhook_id = w.id and state = 'PENDING' and next_at <= now()
               and (w.paused_at is null or type = 'webhook.ping') order by next_at limit $1 for update skip locked) c
           limit $2
         )
         update webhook_delivery d set next_at = now() + make_interval(secs => $3), tries = tries + 1, last_at = now()
         from due, webhook w where d.id = due.id and w.id = d.webhook_id
         returning d.id, d.webhook_id as "webhookId", d.message_id as "messageId", d.body::text as body, d.tries as try,
           w.url, w.sealed`,
        [atOnce, most, takenSeconds],
      );
      return rows.map(({ sealed, ...row }) => ({ ...row, secret: opened(sealer, sealed, row.webhookId) }));
    },

    finish: ({ id, webhookId, try: number }, outcome, limits = sendingLimits) =>
      transaction(async (tx) => {
        const gaveUp = outcome.delivered || outcome.gone === true ? 0 : limits.giveUpSeconds;
        const { rowCount } = await tx.query(
          `update webhook_delivery set status = $3, problem = $4, state = case when $5 then 'DELIVERED'
               when due_since + make_interval(secs => $6) <= now() then 'FAILED' else 'PENDING' end,
             next_at = case when $5 then next_at else now() + make_interval(secs => $7) end
           where id = $1 and tries = $2 and state = 'PENDING'`,
          [
            id,
            number,
            outcome.status ?? null,
            outcome.delivered ? null : outcome.problem,
            outcome.delivered,
            gaveUp,
            outcome.delivered ? 0 : outcome.retrySeconds,
          ],
        );
        if (rowCount === 0) return undefined;
        if (outcome.delivered) {
          await tx.query(
            "update webhook set failures = 0, failing_since = null where id = $1 and failures <> 0",
            [webhookId],
          );
          return undefined;
        }
        return countFailure(tx, webhookId, outcome, limits);
      }),
  };
}

function opened(sealer: Sealer, sealed: Buffer, webhookId: string): DueDelivery["secret"] {
  try {
    return sealer.open(sealed, webhookContext(webhookId));
  } catch (error) {
    if (isProblem(error)) return { problem: error.message };
    throw error;
  }
}

async function countFailure(
  tx: Transaction,
  webhookId: string,
  { problem, gone = false }: { problem: string; gone?: boolean },
  { pauseFailures, pauseSeconds }: SendingLimits,
): Promise<string | undefined> {
  const { rows } = await tx.query<{ teamId: string; name: string; failures: number; long: boolean }>(
    `update webhook set failures = failures + 1, failing_since = coalesce(failing_since, now())
     where id = $1 and paused_at is null
     returning team_id as "teamId", name, failures, failing_since <= now() - make_interval(secs => $2) as long`,
    [webhookId, pauseSeconds],
  );
  const [hook] = rows;
  if (!hook || !(gone || (hook.failures >= pauseFailures && hook.long))) return undefined;
  const reason = gone
    ? "The receiver has answered 410: it wants nothing more."
    : `${hook.failures} tries in a row have failed, the last one so: ${problem}`;
  await tx.query("update webhook set paused_at = now(), paused_reason = $2 where id = $1", [
    webhookId,
    reason,
  ]);
  await tellOthers(tx, hook.teamId, webhookId, { webhookId, name: hook.name, reason });
  return reason;
}

/** The other webhooks of the team that want to hear of it. */
async function tellOthers(tx: Transaction, teamId: string, webhookId: string, data: object): Promise<void> {
  const { rows } = await tx.query<{ id: string }>(
    "select id from webhook where team_id = $1 and id <> $2 and paused_at is null and 'webhook.paused' = any(events)",
    [teamId, webhookId],
  );
  const body = toJson({ type: "webhook.paused", timestamp: new Date().toISOString(), data });
  for (const { id } of rows) {
    const delivery = newId("delivery");
    await tx.query(
      "insert into webhook_delivery (id, webhook_id, message_id, type, body) values ($1, $2, $3, 'webhook.paused', $4)",
      [delivery, id, `msg_${delivery}`, body],
    );
  }
}
