import { Type, type Static } from "typebox";
import { DeviceKind } from "../pool/device.ts";

/**
 * - urgent: somebody waits for it; may preempt the others, and counts double
 * - normal: everything else that matters
 * - idle: takes what is left, and makes room for both
 *
 * Three, because a pool has three questions to answer: what may interrupt, what is interrupted, and all the rest. A
 * finer order among the runs of one user is their `priority`.
 */
export const priorityClasses = ["urgent", "normal", "idle"] as const;
export const PriorityClass = Type.Enum(priorityClasses, {
  description:
    "urgent: may interrupt others and counts double; idle: takes what is left, counts half and makes room",
});
export type PriorityClass = (typeof priorityClasses)[number];

/** What a device second of each class counts for; in the database it is `class_charge()`. */
export const classCharge: Readonly<Record<PriorityClass, number>> = { urgent: 2, normal: 1, idle: 0.5 };

/** Usage counts half after this long; in the database it is `usage_half_life()`. */
export const usageHalfLifeMs = 7 * 24 * 60 * 60_000;

/** `zone=a`, as workers are labelled. */
const Label = Type.String({
  pattern:
    "^[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?=[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$",
});

/** What a run needs of the pool. All its devices are on one worker. */
export const Needs = Type.Object(
  {
    devices: Type.Optional(Type.Integer({ minimum: 1, maximum: 256, default: 1 })),
    kinds: Type.Optional(
      Type.Array(DeviceKind, {
        maxItems: 3,
        uniqueItems: true,
        description: "kinds of device that serve; default: any",
      }),
    ),
    labels: Type.Optional(
      Type.Array(Label, {
        maxItems: 32,
        uniqueItems: true,
        description: "labels that the worker must have, such as `zone=a`",
      }),
    ),
    memoryBytes: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 2 ** 50,
        description: "may be taken of each device: decides the chunk and what is kept; default: predicted",
      }),
    ),
    shares: Type.Optional(
      Type.Boolean({
        description:
          "may share its devices' memory with others that share; default: only imports and prunings",
      }),
    ),
  },
  { additionalProperties: false },
);
export type Needs = Static<typeof Needs>;
