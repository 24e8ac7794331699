import { Problem, resolveTrainingSettings, type TrainingSettings } from "@espalier/contract";
import { collectTriplets, type TripletRow } from "@espalier/model/data";
import { refuseSteps, type LoraAdapter } from "@espalier/model";
import type { Encoder } from "../encoder.ts";
import { adapterOf } from "./lora.ts";
import { train, type TrainingControl } from "./trainer.ts";

/** What `Encoder.train` takes beside triplets. */
export interface TrainOptions extends Pick<TrainingControl, "signal" | "report" | "save" | "resume"> {
  /** @default 1000 steps of 64 triplets at a learning rate of 2e-4, and the others of a training run */
  readonly settings?: TrainingSettings | undefined;
  /** Folder to write. @default none */
  readonly to?: string | undefined;
}

/** Trains an adapter for an encoder that has none, in the way in which it embeds. */
export async function trainAdapter(
  encoder: Encoder,
  rows: Iterable<TripletRow> | AsyncIterable<TripletRow>,
  { settings: given, signal, report, save, resume }: TrainOptions,
): Promise<LoraAdapter> {
  const { model, encoding, template, mode, engine } = encoder;
  if (encoder.adapter !== undefined)
    throw new Problem(
      "config/unsupported",
      "The encoder carries an adapter; save it, and train what is saved.",
    );
  refuseSteps(encoder, "training");
  const settings = resolveTrainingSettings(given, mode);
  if (settings.method === "full")
    throw new Problem(
      "request/invalid",
      "method full makes no adapter; train all weights with `espalier train --set method=full`.",
      { field: "/method" },
    );
  const triplets = await collectTriplets(rows);
  const inputs = { model, encoding, mode, triplets, settings, ...(template && { template }) };
  const { parameters } = await train(inputs, { engine, signal, report, save, resume });
  return adapterOf(parameters, model.config, settings.loraRank, settings.loraAlpha, mode);
}
