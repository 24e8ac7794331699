import { Type, type Static, type TSchema } from "typebox";
import { idOf, PageQuery } from "../id.ts";
import { RunKind } from "../kinds/kinds.ts";
import { Run, RunState } from "./run.ts";
import { PriorityClass } from "./scheduling.ts";
import { Tag } from "./label.ts";

/** Values of one filter; a run passes that has one of them. */
const any = <T extends TSchema>(item: T, description?: string) =>
  Type.Optional(
    Type.Array(item, { minItems: 1, maxItems: 50, ...(description === undefined ? {} : { description }) }),
  );

/** Which runs of the team are meant. A run has to pass every filter that is given. */
export const RunFilter = Type.Object(
  {
    state: any(RunState),
    kind: any(RunKind),
    class: any(PriorityClass),
    model: any(idOf("model"), "the imported models from which they go out"),
    experimentId: any(idOf("experiment")),
    createdBy: any(Type.String({ minLength: 1, maxLength: 128 }), "made by these users of the team"),
    tag: any(Tag),
    q: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 128,
        description: "beginnings of words of its name, tags or model's name, or of its id",
      }),
    ),
  },
  { additionalProperties: false },
);
export type RunFilter = Static<typeof RunFilter>;

const runOrders = ["newest", "oldest", "ended", "duration"] as const;
const RunOrder = Type.Enum(runOrders, {
  default: "newest",
  description:
    "ended and duration: those that have ended, the last or the longest (first start to end) first",
});
export type RunOrder = Static<typeof RunOrder>;

const runFields = Object.keys(Run.properties) as (keyof Run)[];

/** `GET /v1/runs` */
export const RunListQuery = Type.Object(
  {
    ...PageQuery.properties,
    ...RunFilter.properties,
    sort: Type.Optional(RunOrder),
    fields: Type.Optional(
      Type.Array(Type.Enum(runFields), {
        minItems: 1,
        maxItems: runFields.length,
        description: "only these, beside `id`; `spec`, `resolved`, `result` and `waiting` are most of a run",
      }),
    ),
  },
  { additionalProperties: false },
);

type OneOrMany<T> = T extends readonly (infer Item)[] ? Item | readonly Item[] : T;

/** A filter as a client writes it: one value may stand for a list of one. */
export type RunFilterQuery = {
  [Name in keyof RunFilter]: OneOrMany<NonNullable<RunFilter[Name]>> | undefined;
};
/** Query of a list of runs. */
export type RunQuery<Field extends keyof Run = keyof Run> = PageQuery &
  RunFilterQuery & { sort?: RunOrder | undefined; fields?: readonly Field[] | undefined };

/** A value of a filter, and how many runs have it. */
export const RunFacet = Type.Object({
  value: Type.String({ description: "as the filter takes it" }),
  name: Type.String({ description: "what people call it" }),
  count: Type.Integer({ minimum: 0 }),
});
export type RunFacet = Static<typeof RunFacet>;
const Facet = Type.Array(RunFacet, { description: "at most 20, the commonest first" });

/** `GET /v1/runs/facets`: how many runs each value of a filter would leave, by the other filters. */
export const RunFacets = Type.Object({
  total: Type.Integer({ minimum: 0, description: "runs that pass the whole filter" }),
  complete: Type.Boolean({ description: "false: the newest 100,000 were counted" }),
  facets: Type.Object({
    state: Facet,
    kind: Facet,
    class: Facet,
    createdBy: Facet,
    model: Facet,
    experimentId: Facet,
    tag: Facet,
  }),
});
export type RunFacets = Static<typeof RunFacets>;
