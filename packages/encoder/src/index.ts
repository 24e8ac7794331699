export { Encoder, type LoadOptions } from "./encoder.ts";
export { DepthEncoder } from "./depth-encoder.ts";
export type { EmbedOptions } from "./embedding.ts";
/** @public What scripts read their data with, and tell refusals by, so that one package is enough for them. */
export { isProblem, Problem } from "@espalier/contract";
/** @public */
export { readStsPairs, readTexts, readTriplets } from "@espalier/model/data";
export { loadModel, type LoadedModel } from "./loaded-model.ts";
export { poolingWeights } from "./pooling.ts";
export { Random } from "./random.ts";
export { cosine } from "./vectors.ts";

export { featureExtractor } from "./blocks/feature-extractor.ts";
export { gradientOf, languageModelStep, nextTokenLogits } from "./blocks/language-model.ts";
export { rotaryTables } from "./blocks/rotary-tables.ts";
export { textEncoder } from "./blocks/text-encoder.ts";

export { l3prune } from "./pruning/l3prune.ts";
export { findLayers } from "./pruning/find-layers.ts";
export { leastOfHalves } from "./pruning/pick-layers.ts";
export { drawAgain, stabilityOf } from "./pruning/stability.ts";

export { GradCache } from "./training/gradcache.ts";
export type { TrainingInputs } from "./training/inputs.ts";
export { adapterOf, lora, loraShapes } from "./training/lora.ts";
export { preflight, preflightWarnings } from "./training/preflight.ts";
export { loadTrainingState, saveTrainingState } from "./training/resume.ts";
export { fingerprintOf } from "./training/state.ts";
export { TeacherVectors } from "./training/teacher.ts";
export { train, trainableOf, type Training } from "./training/trainer.ts";

export { browserConfig } from "./export/browser-config.ts";
export { parityOf } from "./export/parity.ts";
export { parityTexts } from "./export/parity-texts.ts";
export { writeSentenceTransformers } from "./export/sentence-transformers.ts";
export { describeFolder, removeSentenceTransformers } from "./export/describe.ts";
export { fixTokenizerConfig } from "./export/tokenizer-config.ts";

/** @public Options that README.md describes, for code that names them. */
export type { EncoderOptions, PruneOptions } from "./encoder.ts";
/** @public */
export type { TrainOptions } from "./training/train-adapter.ts";
/** @public */
export type { SearchOptions } from "./pruning/search-batches.ts";
/** @public */
export type { StepReport, TrainingControl } from "./training/trainer.ts";
