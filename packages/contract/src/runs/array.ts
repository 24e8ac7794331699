import { Type, type Static } from "typebox";
import { idOf, Timestamp } from "../id.ts";
import { Problem } from "../problem.ts";
import { CreatedBy } from "../teams/author.ts";
import { RunCreate, RunState } from "./run.ts";

/** Most runs of one array. */
const maxArrayRuns = 500;

/**
 * `POST /v1/arrays`: runs that differ in an index, all of them or none. Where `{index}` stands in a text of the spec, the
 * index takes its place; a text that is nothing else becomes the number, such as `"settings": {"seed": "{index}"}`.
 */
export const ArrayCreate = Type.Object(
  {
    array: Type.String({
      maxLength: 256,
      description:
        "indices as in Slurm: `0-9`, `0-9:2`, `1,5,8-9`; `%3` at the end: at most 3 are queued or computing at a time",
    }),
    spec: Type.Unsafe<object>({
      type: "object",
      description: "as in `POST /v1/runs`, with `{index}` wherever the index is to stand",
    }),
    class: RunCreate.properties.class,
    priority: RunCreate.properties.priority,
    needs: RunCreate.properties.needs,
    limits: RunCreate.properties.limits,
    dependsOn: RunCreate.properties.dependsOn,
  },
  { additionalProperties: false },
);
export type ArrayCreate = Static<typeof ArrayCreate>;

/** An array and what has become of its runs. */
export const RunArray = Type.Object({
  id: idOf("array"),
  array: Type.String(),
  runs: Type.Array(
    Type.Object({ index: Type.Integer({ minimum: 0 }), runId: idOf("run"), state: RunState }),
    { description: "in the order of their indices" },
  ),
  createdAt: Timestamp,
  createdBy: CreatedBy,
});
export type RunArray = Static<typeof RunArray>;

export interface Indices {
  /** Ascending, each once. */
  indices: number[];
  /** How many may be queued or computing at a time; undefined: all. */
  atOnce?: number;
}

/**
 * `0-9:2,20%3`
 * @throws {Problem} `request/invalid` with the field `/array`
 */
export function parseIndices(text: string): Indices {
  const refuse = (why: string): Problem =>
    new Problem("request/invalid", `array: ${why}, such as 0-9, 0-9:2, 1,5,8-9 or 0-9%3; not \`${text}\`.`, {
      field: "/array",
    });
  const [, list = "", atOnce] = /^([^%]*)(?:%(\d{1,6}))?$/.exec(text) ?? [];
  const indices = new Set<number>();
  for (const part of list.split(",")) {
    const [, first, last = first, step = "1"] = /^(\d{1,9})(?:-(\d{1,9})(?::(\d{1,9}))?)?$/.exec(part) ?? [];
    if (first === undefined) throw refuse("it has to be a list of indices");
    if (Number(last) < Number(first) || Number(step) < 1)
      throw refuse("a range goes from the smaller index to the larger one, in steps of at least 1");
    if ((Number(last) - Number(first)) / Number(step) >= maxArrayRuns + indices.size)
      throw refuse(`it may have at most ${maxArrayRuns} indices`);
    for (let index = Number(first); index <= Number(last); index += Number(step)) indices.add(index);
  }
  if (indices.size > maxArrayRuns) throw refuse(`it may have at most ${maxArrayRuns} indices`);
  if (atOnce !== undefined && Number(atOnce) < 1) throw refuse("at least one may run at a time");
  return {
    indices: [...indices].sort((a, b) => a - b),
    ...(atOnce === undefined ? {} : { atOnce: Number(atOnce) }),
  };
}
