export {
  gradientOf,
  languageModelStep,
  nextTokenLogits,
  type LanguageModelStep,
} from "./blocks/language-model.ts";
export { featureExtractor, type FeatureExtractor } from "./blocks/feature-extractor.ts";
export { linear, loraName, type Adapter, type LinearOptions } from "./blocks/linear.ts";
export { inputParameters, type InputParameters, type Parameter } from "./blocks/parameters.ts";
export { rotaryInputs, rotaryTables, type RotaryTables } from "./blocks/rotary-tables.ts";
export { textEncoder } from "./blocks/text-encoder.ts";
export { poolingWeights, type ContentSpan } from "./pooling.ts";
export { Encoder, type EmbedOptions, type EncoderOptions, type LoadOptions } from "./encoder.ts";
export { loadModel, type LoadedModel } from "./loaded-model.ts";
export { l3prune, type L3PruneOptions } from "./pruning/l3prune.ts";
export { pickLayers } from "./pruning/pick-layers.ts";
export { Random, type RandomState } from "./random.ts";
export { Batches, type BatchesPosition } from "./training/batches.ts";
export { adapterOf, lora, loraShapes, startLora } from "./training/lora.ts";
export { cosine, pearson, spearman } from "./evaluation/correlation.ts";
export { evaluateSts, type Embed } from "./evaluation/sts.ts";
export { writeSentenceTransformers } from "./export/sentence-transformers.ts";
export { browserConfig } from "./export/browser-config.ts";
export { fixTokenizerConfig } from "./export/tokenizer-config.ts";
export { parityOf, parityTexts, type Parity } from "./export/parity.ts";
export { GradCache, type ContrastiveStep, type GradCacheOptions } from "./training/gradcache.ts";
export { loadTrainingState, saveTrainingState } from "./training/resume.ts";
export { fingerprintOf, type TrainingState } from "./training/state.ts";
export {
  train,
  trainableOf,
  type StepReport,
  type Training,
  type TrainingControl,
  type TrainingInputs,
} from "./training/trainer.ts";
