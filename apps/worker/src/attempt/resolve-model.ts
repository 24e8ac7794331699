import { Problem, type Model, type ModelRef } from "@espalier/contract";
import { finished } from "../kinds/inputs.ts";
import type { PreparationContext } from "./prepare.ts";

/** The model that a reference names, or that a run has made. */
export async function resolveModel(
  store: PreparationContext["store"],
  teamId: string,
  ref: ModelRef,
  field = "/spec/model",
): Promise<Model> {
  if (typeof ref === "string") return store.models.get(teamId, ref);
  const { result } = await finished(store, teamId, ref.run, field);
  if (result !== undefined && "modelId" in result) return store.models.get(teamId, result.modelId);
  throw new Problem("run/upstream-failed", `The run ${ref.run} makes no model; refer to one that does.`, {
    field,
    runId: ref.run,
  });
}
