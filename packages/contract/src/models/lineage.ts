import { Type, type Static } from "typebox";
import { idOf } from "../id.ts";
import { RunKind } from "../kinds/kinds.ts";
import { RunState } from "../runs/run.ts";
import { Model } from "./model.ts";

/** Most models of one lineage; those nearest are given. */
export const longestLineage = 500;

/** `GET /v1/models/:id/lineage`: the models that it came from, and those that came from it, with the runs that made them. */
export const Lineage = Type.Object({
  models: Type.Array(
    Type.Object({
      id: idOf("model"),
      name: Model.properties.name,
      state: Model.properties.state,
      layers: Type.Optional(Type.Integer({ minimum: 1 })),
      parameters: Type.Optional(Type.Integer({ minimum: 0 })),
      baseModelId: Type.Optional(idOf("model")),
      distance: Type.Integer({ description: "0: the model itself; negative: what it came from" }),
      run: Type.Optional(
        Type.Object({ id: idOf("run"), kind: RunKind, state: RunState, name: Type.Optional(Type.String()) }),
      ),
      createdAt: Model.properties.createdAt,
    }),
    { description: "what it came from first" },
  ),
  complete: Type.Boolean({ description: `false: there are more than ${longestLineage}` }),
});
export type Lineage = Static<typeof Lineage>;
