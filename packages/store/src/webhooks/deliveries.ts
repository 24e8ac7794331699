import { newId, type Page, type WebhookDelivery, type WebhookDeliveryQuery } from "@espalier/contract";
import type { Database, Transaction } from "../database/database.ts";
import { toJson } from "../database/json.ts";
import { byId } from "../database/cursor.ts";
import { pageLimit, toPage } from "../database/page.ts";
import { found, iso, present } from "../database/row.ts";

/** The log of what was sent to a webhook, and is still to be sent. */
export interface WebhookDeliveries {
  /** Newest first. */
  list(teamId: string, webhookId: string, query?: WebhookDeliveryQuery): Promise<Page<WebhookDelivery>>;
  /** Sends a message once more, with its old id; one that is pending, now. */
  redeliver(teamId: string, webhookId: string, deliveryId: string): Promise<WebhookDelivery>;
  /** Sends a message that says nothing, also to a webhook that is paused. */
  ping(teamId: string, webhookId: string): Promise<WebhookDelivery>;
  /** Deletes what was delivered or given up and is older than this (default: 30 days), and returns how many. */
  sweep(olderThanSeconds?: number): Promise<number>;
}

interface Row {
  id: string;
  messageId: string;
  type: string;
  state: WebhookDelivery["state"];
  tries: number;
  status: number | null;
  problem: string | null;
  body: object;
  createdAt: Date;
  nextAt: Date;
  lastAt: Date | null;
}

const columns = `d.id, d.message_id as "messageId", d.type, d.state, d.tries, d.status, d.problem, d.body, d.created_at as "createdAt",
  d.next_at as "nextAt", d.last_at as "lastAt"`;

export function createWebhookDeliveries({ query, transaction }: Database): WebhookDeliveries {
  /** Throws `resource/not-found` where the team has no such webhook. */
  async function find(tx: Pick<Transaction, "query">, teamId: string, webhookId: string): Promise<void> {
    const { rows } = await tx.query("select 1 from webhook where team_id = $1 and id = $2", [
      teamId,
      webhookId,
    ]);
    found(rows[0], "webhook", webhookId);
  }

  return {
    async list(teamId, webhookId, { limit: wanted, cursor, state } = {}) {
      const limit = pageLimit(wanted);
      await find({ query } as Transaction, teamId, webhookId);
      const { rows } = await query<Row>(
        `select ${columns} from webhook_delivery d where d.webhook_id = $1 and ($2::text is null or d.id < $2)
           and ($3::text is null or d.state = $3) order by d.id desc limit $4`,
        [webhookId, byId.read(cursor)[0], state, limit + 1],
      );
      return toPage(rows, limit, toDelivery, ({ id }) => id);
    },
    redeliver: (teamId, webhookId, deliveryId) =>
      transaction(async (tx) => {
        await find(tx, teamId, webhookId);
        const { rows } = await tx.query<Row>(
          `update webhook_delivery d set state = 'PENDING', next_at = now(), due_since = now()
           where webhook_id = $1 and id = $2 returning ${columns}`,
          [webhookId, deliveryId],
        );
        return toDelivery(found(rows[0], "delivery", deliveryId));
      }),
    ping: (teamId, webhookId) =>
      transaction(async (tx) => {
        await find(tx, teamId, webhookId);
        const id = newId("delivery");
        const body = { type: "webhook.ping", timestamp: new Date().toISOString(), data: { webhookId } };
        const { rows } = await tx.query<Row>(
          `insert into webhook_delivery as d (id, webhook_id, message_id, type, body) values ($1, $2, $3, $4, $5)
           returning ${columns}`,
          [id, webhookId, `msg_${id}`, body.type, toJson(body)],
        );
        return toDelivery(rows[0]!);
      }),
    async sweep(olderThanSeconds = 30 * 86_400) {
      const { rowCount } = await query(
        `delete from webhook_delivery where created_at < now() - make_interval(secs => $1) and state <> 'PENDING'`,
        [olderThanSeconds],
      );
      return rowCount ?? 0;
    },
  };
}

const toDelivery = (row: Row): WebhookDelivery => ({
  id: row.id,
  messageId: row.messageId,
  type: row.type,
  state: row.state,
  tries: row.tries,
  body: row.body,
  createdAt: iso(row.createdAt),
  ...present({
    status: row.status,
    problem: row.problem,
    nextAt: row.state === "PENDING" ? iso(row.nextAt) : null,
    lastAt: row.lastAt && iso(row.lastAt),
  }),
});
