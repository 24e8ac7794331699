import { Type, type Static } from "typebox";
import { Run, RunCreate } from "./run.ts";

/** What a run is called inside a graph. */
const RunName = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$";

/**
 * `POST /v1/graphs`: runs that depend on one another, all of them or none. Where a run's id stands in a spec, as in
 * `{ "run": … }`, the name of another run of the graph may stand.
 */
export const GraphCreate = Type.Object(
  {
    runs: Type.Record(
      Type.String({ pattern: RunName }),
      Type.Object(
        {
          spec: Type.Unsafe<object>({
            type: "object",
            description: "as in `POST /v1/runs`, with names in this graph for ids of runs",
          }),
          class: RunCreate.properties.class,
          priority: RunCreate.properties.priority,
          needs: RunCreate.properties.needs,
          limits: RunCreate.properties.limits,
          dependsOn: Type.Optional(
            Type.Array(Type.String({ maxLength: 64 }), {
              maxItems: 64,
              description:
                "names in this graph, or ids, of runs that must succeed first, beside those of the spec",
            }),
          ),
        },
        { additionalProperties: false },
      ),
      { minProperties: 1, maxProperties: 200, additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);
export type GraphCreate = Static<typeof GraphCreate>;

/** The runs of a graph, by name. */
export const Graph = Type.Object({
  runs: Type.Record(Type.String({ pattern: RunName }), Run),
});
export type Graph = Static<typeof Graph>;
