import { Type, type Static } from "typebox";

/** Query of every `DELETE`. */
export const DeletionQuery = Type.Object(
  {
    dryRun: Type.Optional(
      Type.Boolean({ default: false, description: "say what would be deleted, and delete nothing" }),
    ),
  },
  { additionalProperties: false },
);
export type DeletionQuery = Static<typeof DeletionQuery>;

/** Query of the `DELETE` of runs and experiments. */
export const MakerDeletionQuery = Type.Object(
  {
    ...DeletionQuery.properties,
    models: Type.Optional(
      Type.Boolean({ default: false, description: "also delete the models that its runs made" }),
    ),
  },
  { additionalProperties: false },
);
export type MakerDeletionQuery = Static<typeof MakerDeletionQuery>;

/** What a `DELETE` has deleted. The bytes are freed within minutes after it. */
export const Deletion = Type.Object({
  id: Type.String({ description: "of what was to be deleted" }),
  dryRun: Type.Boolean({ description: "nothing was deleted" }),
  runs: Type.Integer({ minimum: 0 }),
  models: Type.Integer({ minimum: 0 }),
  artifacts: Type.Integer({ minimum: 0 }),
  bytes: Type.Integer({ minimum: 0, description: "of the artifacts and the checkpoints" }),
});
export type Deletion = Static<typeof Deletion>;
