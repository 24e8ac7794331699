import { Type, type Static } from "typebox";
import { idOf, PageQuery, Timestamp } from "../id.ts";
import { Author } from "../teams/author.ts";

/** What can be done to what: the noun, a dot, and the verb. */
export const auditActions = [
  "array.cancel",
  "array.change",
  "array.hold",
  "array.release",
  "array.submit",
  "artifact.delete",
  "dataset.create",
  "dataset.delete",
  "device.cordon",
  "device.uncordon",
  "experiment.cancel",
  "experiment.change",
  "experiment.clone",
  "experiment.delete",
  "experiment.hold",
  "experiment.promote",
  "experiment.release",
  "experiment.retry",
  "experiment.submit",
  "garbage.sweep",
  "graph.submit",
  "key.create",
  "key.revoke",
  "key.rotate",
  "model.create",
  "model.delete",
  "run.act",
  "run.cancel",
  "run.change",
  "run.clone",
  "run.delete",
  "run.hold",
  "run.release",
  "run.retry",
  "run.submit",
  "schedule.change",
  "schedule.create",
  "schedule.delete",
  "schedule.fire",
  "schedule.pause",
  "schedule.resume",
  "session.end",
  "session.open",
  "team.change",
  "team.retention",
  "upload.create",
  "upload.delete",
  "upload.put",
  "user.change",
  "view.change",
  "view.create",
  "view.delete",
  "webhook.change",
  "webhook.create",
  "webhook.delete",
  "webhook.ping",
  "webhook.redeliver",
  "worker.drain",
  "worker.resume",
] as const;
export const AuditAction = Type.Enum(auditActions);
export type AuditAction = (typeof auditActions)[number];

/** One change that somebody has made. Entries are never changed. */
export const AuditEntry = Type.Object({
  id: idOf("audit"),
  at: Timestamp,
  action: AuditAction,
  by: Author,
  subject: Type.Object(
    {
      kind: Type.String(),
      id: Type.Optional(Type.String({ description: "an id, or the name of a team or of a user" })),
    },
    { description: "what was changed or made" },
  ),
  change: Type.Unsafe<Record<string, unknown>>({
    type: "object",
    description: "what was asked for, shortened, without secrets",
  }),
  operator: Type.Boolean({ description: "done with the rights of an operator" }),
  requestId: Type.Optional(Type.String({ description: "of the answer's header x-request-id and the log" })),
  address: Type.Optional(Type.String({ description: "from which the request came" })),
});
export type AuditEntry = Static<typeof AuditEntry>;

/** PostgreSQL has no year 0. */
const Time = (description: string) =>
  Type.Unsafe<string>({ ...Timestamp, pattern: "^(?!0000)", description });

/** `GET /v1/audit` */
export const AuditQuery = Type.Object(
  {
    ...PageQuery.properties,
    action: Type.Optional(AuditAction),
    subject: Type.Optional(Type.String({ minLength: 1, maxLength: 128, description: "the id of a subject" })),
    user: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    key: Type.Optional(idOf("key")),
    since: Type.Optional(Time("at this time or later")),
    until: Type.Optional(Time("before this time")),
  },
  { additionalProperties: false },
);
export type AuditQuery = Static<typeof AuditQuery>;
