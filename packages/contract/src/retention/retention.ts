import { Type, type Static } from "typebox";

const Days = (description: string) =>
  Type.Union([Type.Integer({ minimum: 1, maximum: 36_500 }), Type.Null()], {
    description: `days that ${description}; null: for ever`,
  });

const fields = {
  checkpoints: Days(
    "the checkpoint of a run is kept that has failed, so that a retry goes on from it; default 7. One that has succeeded or was cancelled keeps none",
  ),
  files: Days("files are kept that an attempt left behind and that no artifact is; default 1"),
  logs: Days("a log line is kept; default 90"),
  metrics: Days(
    "after the end of a run all points of its metrics are kept; default 30. Then at most 601 points of each series, for ever",
  ),
  events: Days("an event can be read again; default 7"),
};

/** How long a team's data is kept. Zero is refused: what is not wanted at all is deleted. */
export const Retention = Type.Object(fields);
export type Retention = Static<typeof Retention>;

/** `PUT /v1/teams/:name/retention`. A field that is left out stays as it is. */
export const RetentionChange = Type.Partial(Retention, { additionalProperties: false });
export type RetentionChange = Static<typeof RetentionChange>;
