import { type Client, type ExperimentSpec } from "@espalier/contract";
import { readDocument } from "../arguments/document-file.ts";
import { UsageError, type Context } from "../command.ts";
import { lookUp } from "./lookup.ts";

/** An experiment from a file of JSON or YAML, in which models and datasets may be named by their names. */
export async function readExperiment(
  context: Context,
  client: Client,
  file: string,
): Promise<ExperimentSpec> {
  const given = await readDocument(context, file);
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw new UsageError(`${file} holds no experiment: it begins with the fields of one, such as name.`);
  // The service checks the rest against the schema, and names the field that is wrong.
  const { modelId, triplets, evaluation, ...rest } = given as Record<string, unknown>;
  const dataset = (name: unknown) =>
    typeof name === "string" ? lookUp("dataset", name, client.datasets.list) : name;
  return {
    ...rest,
    ...(modelId === undefined
      ? {}
      : {
          modelId: typeof modelId === "string" ? await lookUp("model", modelId, client.models.list) : modelId,
        }),
    ...(triplets === undefined ? {} : { triplets: await dataset(triplets) }),
    ...(evaluation === undefined
      ? {}
      : { evaluation: Array.isArray(evaluation) ? await Promise.all(evaluation.map(dataset)) : evaluation }),
  } as ExperimentSpec;
}
