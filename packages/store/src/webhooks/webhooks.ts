import { randomBytes } from "node:crypto";
import {
  newId,
  Problem,
  type Author,
  type Page,
  type PageQuery,
  type Webhook,
  type WebhookChange,
  type WebhookCreate,
  type WebhookEvent,
  type WebhookFilter,
  type WebhookWithSecret,
} from "@espalier/contract";
import type { Database, Transaction } from "../database/database.ts";
import { toJson } from "../database/json.ts";
import { byId } from "../database/cursor.ts";
import { pageLimit, toPage } from "../database/page.ts";
import { found, iso, present } from "../database/row.ts";
import type { Sealer } from "../secrets/sealer.ts";

/** Whom teams want to be told of what happens. */
export interface Webhooks {
  /**
   * The secret is shown this once. Throws `resource/conflict` when the team has a webhook of this name, `service/not-configured`
   * without a secret to seal with.
   */
  create(input: {
    teamId: string;
    /** May hear of workers. */
    operator: boolean;
    createdBy?: Author;
    webhook: WebhookCreate;
  }): Promise<WebhookWithSecret>;
  get(teamId: string, webhookId: string): Promise<Webhook>;
  /** Newest first. */
  list(teamId: string, query?: PageQuery): Promise<Page<Webhook>>;
  /** Enabling one that was paused forgets its failures. */
  change(teamId: string, webhookId: string, change: WebhookChange): Promise<Webhook>;
  /** Also what is still to be delivered to it. */
  remove(teamId: string, webhookId: string): Promise<void>;
}

interface Row {
  id: string;
  name: string;
  url: string;
  events: WebhookEvent[];
  filter: WebhookFilter;
  pausedAt: Date | null;
  pausedReason: string | null;
  failures: number;
  createdAt: Date;
  createdBy: Author | null;
}

const select = `select id, name, url, events, filter, paused_at as "pausedAt", paused_reason as "pausedReason", failures,
    created_at as "createdAt", created_by as "createdBy" from webhook where team_id = $1`;

/** Why somebody's webhook is paused that has not failed. */
export const pausedOnRequest = "Paused on request.";

/** With what the secret of a webhook is sealed: that of another one does not open. */
export const webhookContext = (webhookId: string): string => `webhook ${webhookId}`;

const beginHere = (tx: Transaction, webhookId: string): Promise<unknown> =>
  tx.query("select begin_messages($1)", [webhookId]);

export function createWebhooks({ query, transaction }: Database, sealer: Sealer): Webhooks {
  async function read(tx: Pick<Transaction, "query">, teamId: string, webhookId: string): Promise<Webhook> {
    const { rows } = await tx.query<Row>(`${select} and id = $2`, [teamId, webhookId]);
    return toWebhook(found(rows[0], "webhook", webhookId));
  }

  return {
    create: ({ teamId, operator, createdBy, webhook: { name, url, events, filter = {} } }) =>
      transaction(async (tx) => {
        const id = newId("webhook");
        const secret = `whsec_${randomBytes(32).toString("base64")}`;
        const { rowCount } = await tx.query(
          `insert into webhook (id, team_id, name, url, events, filter, operator, sealed, created_by)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (team_id, name) do nothing`,
          [
            id,
            teamId,
            name,
            url,
            events,
            toJson(filter),
            operator,
            sealer.seal(secret, webhookContext(id)),
            createdBy === undefined ? null : toJson(createdBy),
          ],
        );
        if (rowCount === 0)
          throw new Problem("resource/conflict", `There is a webhook named ${name}; remove it first.`, {
            field: "/name",
          });
        await beginHere(tx, id);
        return { webhook: await read(tx, teamId, id), secret };
      }),
    get: (teamId, webhookId) => read({ query } as Transaction, teamId, webhookId),
    async list(teamId, { limit: wanted, cursor } = {}) {
      const limit = pageLimit(wanted);
      const { rows } = await query<Row>(
        `${select} and ($2::text is null or id < $2) order by id desc limit $3`,
        [teamId, byId.read(cursor)[0], limit + 1],
      );
      return toPage(rows, limit, toWebhook, ({ id }) => id);
    },
    change: (teamId, webhookId, { url, events, filter, enabled }) =>
      transaction(async (tx) => {
        const { rows } = await tx.query<{ paused: boolean }>(
          "select paused_at is not null as paused from webhook where team_id = $1 and id = $2 for update",
          [teamId, webhookId],
        );
        const { paused } = found(rows[0], "webhook", webhookId);
        await tx.query(
          `update webhook set url = coalesce($2, url), events = coalesce($3, events), filter = coalesce($4, filter) where id = $1`,
          [webhookId, url, events, filter === undefined ? null : toJson(filter)],
        );
        if (enabled === true && paused) {
          await tx.query(
            `update webhook set paused_at = null, paused_reason = null, failures = 0, failing_since = null,
               active_since = now() where id = $1`,
            [webhookId],
          );
          await beginHere(tx, webhookId);
        }
        if (enabled === false && !paused)
          await tx.query("update webhook set paused_at = now(), paused_reason = $2 where id = $1", [
            webhookId,
            pausedOnRequest,
          ]);
        return read(tx, teamId, webhookId);
      }),
    remove: (teamId, webhookId) =>
      transaction(async (tx) => {
        const { rows } = await tx.query<{ id: string }>(
          "delete from webhook where team_id = $1 and id = $2 returning id",
          [teamId, webhookId],
        );
        found(rows[0], "webhook", webhookId);
      }),
  };
}

const toWebhook = (row: Row): Webhook => ({
  id: row.id,
  name: row.name,
  url: row.url,
  events: row.events,
  filter: row.filter,
  enabled: row.pausedAt === null,
  failures: row.failures,
  createdAt: iso(row.createdAt),
  ...present({
    paused: row.pausedAt && { at: iso(row.pausedAt), reason: row.pausedReason ?? "" },
    createdBy: row.createdBy,
  }),
});
