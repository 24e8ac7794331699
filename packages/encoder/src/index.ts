export { gradientOf, languageModelStep, nextTokenLogits } from "./blocks/language-model.ts";
export { featureExtractor } from "./blocks/feature-extractor.ts";
export { inputParameters } from "./blocks/parameters.ts";
export { rotaryTables } from "./blocks/rotary-tables.ts";
export { textEncoder } from "./blocks/text-encoder.ts";
export { poolingWeights } from "./pooling.ts";
export { Encoder, type EmbedOptions, type LoadOptions } from "./encoder.ts";
export { loadModel, type LoadedModel } from "./loaded-model.ts";
export { l3prune } from "./pruning/l3prune.ts";
export { Random } from "./random.ts";
export { adapterOf, lora, loraShapes } from "./training/lora.ts";
export { cosine } from "./vectors.ts";
export { evaluateSts } from "./evaluation/sts.ts";
export { writeSentenceTransformers } from "./export/sentence-transformers.ts";
export { browserConfig } from "./export/browser-config.ts";
export { fixTokenizerConfig } from "./export/tokenizer-config.ts";
export { parityOf, parityTexts } from "./export/parity.ts";
export { GradCache } from "./training/gradcache.ts";
export { loadTrainingState, saveTrainingState } from "./training/resume.ts";
export { fingerprintOf } from "./training/state.ts";
export { train, trainableOf, type Training, type TrainingInputs } from "./training/trainer.ts";

/** @public Options that README.md describes, for code that names them. */
export type { EncoderOptions } from "./encoder.ts";
/** @public */
export type { L3PruneOptions } from "./pruning/l3prune.ts";
/** @public */
export type { StepReport, TrainingControl } from "./training/trainer.ts";
