import { Type, type Static } from "typebox";
import { idOf, Name, PageQuery, Timestamp } from "../id.ts";
import { RunKind } from "../kinds/kinds.ts";
import { RunState } from "../runs/run.ts";
import { Author } from "../teams/author.ts";

const closed = { additionalProperties: false } as const;

/** What webhooks can be told. */
export const webhookEvents = [
  "run.state",
  "run.changed",
  "experiment.ended",
  "array.ended",
  "webhook.paused",
  "worker.event",
] as const;
export const WebhookEvent = Type.Enum(webhookEvents, {
  description: "worker.event: operators only; experiments and arrays end with their last run",
});
export type WebhookEvent = Static<typeof WebhookEvent>;

const WebhookUrl = Type.String({
  minLength: 1,
  maxLength: 2000,
  pattern: "^https?://[^\\s\\u0000-\\u001f]+$",
  description: "https at a public address, or of ESPALIER_WEBHOOK_ORIGINS",
});
const Events = Type.Array(WebhookEvent, { minItems: 1, maxItems: webhookEvents.length, uniqueItems: true });

/** Which runs a webhook is told of; what is left out does not matter. */
export const WebhookFilter = Type.Object(
  {
    states: Type.Optional(
      Type.Array(RunState, { minItems: 1, uniqueItems: true, description: "of run.state" }),
    ),
    kinds: Type.Optional(Type.Array(RunKind, { minItems: 1, uniqueItems: true })),
    createdBy: Type.Optional(
      Type.String({ minLength: 1, maxLength: 128, description: "the user who made it" }),
    ),
    experimentId: Type.Optional(idOf("experiment")),
  },
  closed,
);
export type WebhookFilter = Static<typeof WebhookFilter>;

/** `POST /v1/webhooks` */
export const WebhookCreate = Type.Object(
  { name: Name, url: WebhookUrl, events: Events, filter: Type.Optional(WebhookFilter) },
  closed,
);
export type WebhookCreate = Static<typeof WebhookCreate>;

/** `PATCH /v1/webhooks/:webhookId`. A field that is left out stays as it is. */
export const WebhookChange = Type.Object(
  {
    url: Type.Optional(WebhookUrl),
    events: Type.Optional(Events),
    filter: Type.Optional(WebhookFilter),
    enabled: Type.Optional(
      Type.Boolean({ description: "false: paused; what happens meanwhile is not told" }),
    ),
  },
  { ...closed, minProperties: 1 },
);
export type WebhookChange = Static<typeof WebhookChange>;

/** Whom a team wants to be told by HTTP. */
export const Webhook = Type.Object({
  id: idOf("webhook"),
  name: Name,
  url: Type.String(),
  events: Type.Array(WebhookEvent),
  filter: WebhookFilter,
  enabled: Type.Boolean(),
  paused: Type.Optional(
    Type.Object({ at: Timestamp, reason: Type.String() }, { description: "why it is not enabled" }),
  ),
  failures: Type.Integer({ minimum: 0, description: "tries in a row that failed" }),
  createdAt: Timestamp,
  createdBy: Type.Optional(Author),
});
export type Webhook = Static<typeof Webhook>;

/** The answer that has the secret, which is shown once. */
export const WebhookWithSecret = Type.Object({
  webhook: Webhook,
  secret: Type.String({
    description:
      "`whsec_` and the key in Base64, of HMAC-SHA-256 over `<webhook-id>.<webhook-timestamp>.<body>`",
  }),
});
export type WebhookWithSecret = Static<typeof WebhookWithSecret>;

const deliveryStates = ["PENDING", "DELIVERED", "FAILED"] as const;

/** One message to one webhook, and what became of its tries. */
export const WebhookDelivery = Type.Object({
  id: idOf("delivery"),
  messageId: Type.String({
    description: "header webhook-id; the same for every try",
  }),
  type: Type.String({ description: "of the event, or webhook.ping" }),
  state: Type.Enum(deliveryStates, { description: "PENDING: will be tried at `nextAt`" }),
  tries: Type.Integer({ minimum: 0 }),
  status: Type.Optional(Type.Integer({ description: "HTTP status of the last answer" })),
  problem: Type.Optional(Type.String({ description: "why the last try failed" })),
  body: Type.Unsafe<object>({ type: "object", description: "what is sent" }),
  createdAt: Timestamp,
  nextAt: Type.Optional(Timestamp),
  lastAt: Type.Optional(Timestamp),
});
export type WebhookDelivery = Static<typeof WebhookDelivery>;

export const WebhookDeliveryQuery = Type.Object(
  { ...PageQuery.properties, state: Type.Optional(Type.Enum(deliveryStates)) },
  closed,
);
export type WebhookDeliveryQuery = Static<typeof WebhookDeliveryQuery>;
