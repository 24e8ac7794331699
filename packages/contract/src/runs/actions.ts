import { Type, type Static } from "typebox";
import { idOf } from "../id.ts";
import { ProblemDocument } from "../problem.ts";
import { RunFilter } from "./list.ts";
import { RunState } from "./run.ts";

const runActions = ["cancel", "retry", "hold", "release", "delete"] as const;
export type RunAction = (typeof runActions)[number];

/** Most runs of one request. */
export const mostActedOn = 500;

/**
 * `POST /v1/runs/actions`: one thing done to many runs, each by itself, so that what one refuses does not keep it from the others.
 * Either `runIds` or `filter` says which. A filter takes the newest runs that pass it and to which the action can be done.
 */
export const RunActionRequest = Type.Object(
  {
    action: Type.Enum(runActions),
    runIds: Type.Optional(Type.Array(idOf("run"), { minItems: 1, maxItems: mostActedOn, uniqueItems: true })),
    filter: Type.Optional(RunFilter),
    dryRun: Type.Optional(
      Type.Boolean({ default: false, description: "say what would be done, and do nothing" }),
    ),
  },
  { additionalProperties: false },
);
export type RunActionRequest = Static<typeof RunActionRequest>;

/** What became of an action, run by run. */
export const RunActionResult = Type.Object({
  action: Type.Enum(runActions),
  dryRun: Type.Boolean(),
  done: Type.Integer({ minimum: 0, description: "to which it was done, or would be" }),
  refused: Type.Integer({ minimum: 0 }),
  more: Type.Boolean({ description: `more than ${mostActedOn} runs pass the filter: ask again` }),
  items: Type.Array(
    Type.Object({
      runId: idOf("run"),
      name: Type.Optional(Type.String()),
      state: Type.Optional(Type.Unsafe<RunState>({ ...RunState, description: "before it" })),
      problem: Type.Optional(
        Type.Unsafe<ProblemDocument>({ ...ProblemDocument, description: "why it is refused; absent: done" }),
      ),
    }),
  ),
});
export type RunActionResult = Static<typeof RunActionResult>;
