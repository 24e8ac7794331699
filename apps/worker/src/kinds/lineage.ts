import { Problem, type Model } from "@espalier/contract";
import type { PreparationContext } from "../attempt/prepare.ts";

/** PEFT's name; a model with this file is a base and an adapter. */
const adapterFile = "adapter_config.json";

export const hasAdapter = (model: Model): boolean => model.files.some(({ name }) => name === adapterFile);

/** @throws {Problem} `config/unsupported` for a model that is a base and an adapter */
export function refuseAdapter(model: Model, what: string): void {
  if (!hasAdapter(model)) return;
  throw new Problem(
    "config/unsupported",
    `The model ${model.name} carries an adapter and cannot be ${what} as it is; export it, and use the result.`,
    { field: "/spec/model" },
  );
}

/** A model, the one that it was made from, and so on to the imported one. */
export async function lineageOf(
  store: PreparationContext["store"],
  teamId: string,
  model: Model,
): Promise<Model[]> {
  const lineage = [model];
  for (let id = model.baseModelId; id !== undefined; id = lineage.at(-1)!.baseModelId)
    lineage.push(await store.models.get(teamId, id));
  return lineage;
}

/** What the imported model of a lineage is called where it came from. */
export function originName(lineage: readonly Model[]): string {
  const { source, name } = lineage.at(-1)!;
  return source?.hub ?? name;
}
