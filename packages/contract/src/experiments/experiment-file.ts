import { ExperimentSpec } from "./experiment.ts";

const named = (noun: string) => ({ type: "string", minLength: 1, description: `name or id of a ${noun}` });

/** JSON Schema of an experiment's file, in which models and datasets may be named by their names, as `espalier` reads it. */
export const experimentFileSchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "An experiment of Espalier",
  ...ExperimentSpec,
  properties: {
    ...ExperimentSpec.properties,
    modelId: named("model"),
    triplets: named("dataset of triplets"),
    evaluation: { ...ExperimentSpec.properties.evaluation, items: named("dataset of a task") },
  },
};
