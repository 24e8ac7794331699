import type { Problem, TaskRowOf, TaskType } from "@espalier/contract";
import { evaluateTask, type Measured, type Side } from "@espalier/evaluation";
import { taskRows } from "./dataset.ts";
import { inLockstep } from "./lockstep.ts";

/** Documents that a retrieval holds at a time, over all depths. */
const documentsHeld = 8_192;

/**
 * What an encoder measures on a task at several depths, from one pass over its texts.
 * @param embed one list of vectors for each depth
 * @returns for each depth what was measured, or why it cannot be
 * @throws {Problem} where no depth can be measured
 */
export async function measureAtDepths(
  { task, path }: { readonly task: TaskType; readonly path: string },
  depths: number,
  embed: (texts: readonly string[], side: Side) => Promise<readonly (readonly Float32Array[])[]>,
): Promise<(Measured | Problem)[]> {
  const rows = task === "retrieval" ? () => taskRows(task, path) : await held(taskRows(task, path));
  const blockDocuments = Math.max(64, Math.floor(documentsHeld / depths));
  return inLockstep(depths, (one) => evaluateTask(task, rows, one, { blockDocuments }), embed);
}

/** Rows that every depth reads are read from their file once. */
async function held<K extends TaskType>(rows: AsyncIterable<TaskRowOf[K]>) {
  const all: TaskRowOf[K][] = [];
  for await (const row of rows) all.push(row);
  return async function* () {
    yield* all;
  };
}
