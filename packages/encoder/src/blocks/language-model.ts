import {
  crossEntropy,
  div,
  gather,
  gradients,
  input,
  matmul,
  mul,
  reduceSum,
  reshape,
  type Node,
} from "@espalier/tensor";
import { expectedTensors, type ModelConfig } from "@espalier/model";
import { layerStates } from "./layers.ts";
import { norm } from "./norm.ts";
import { inputParameters, type Parameter } from "./parameters.ts";
import { rotaryInputs } from "./rotary-tables.ts";

/**
 * Scores of the next token at every position, [batch*time, vocabulary], of a causal model. Inputs: `ids` i32
 * [batch, time] and the rotary tables. The head is the embedding table where it is tied.
 */
export function nextTokenLogits(config: ModelConfig, parameter: Parameter): Node {
  const { vocabularySize, hiddenSize, embedding, finalNorm, tiedEmbeddings } = config;
  const table = parameter(embedding.table, [vocabularySize, hiddenSize]);
  const x = gather(table, input("ids", ["batch", "time"], "i32"));
  const scaled = embedding.scale === 1 ? x : mul(x, embedding.scale);
  const sight = { direction: "causal", rotary: rotaryInputs(config) } as const;
  const last = layerStates(config, config.layers, scaled, sight, { parameter }).at(-1) ?? x;
  const h = reshape(finalNorm ? norm(last, finalNorm, parameter) : last, ["batch*time", hiddenSize]);
  const head = tiedEmbeddings ? table : parameter("lm_head.weight", [vocabularySize, hiddenSize]);
  return matmul(h, head, { transposeB: true });
}

/** The outputs of one step of pretraining: `loss` [], and `gradient:<parameter>` for every parameter. */
export interface LanguageModelStep {
  readonly outputs: Readonly<Record<string, Node>>;
  /** The parameters, all fed on every run under these names and shapes. */
  readonly parameters: ReadonlyMap<string, readonly number[]>;
}

export const gradientOf = (parameter: string): string => `gradient:${parameter}`;

/**
 * Next-token loss and its gradients, every parameter an input, to train a model from nothing. Feeds besides the
 * parameters: `ids` i32 [batch, time]; `labels` i32 [batch*time], the id that follows each position; `mask` f32
 * [batch*time], 1 where the label counts; the rotary tables. Loss: mean of −log p(label) over the mask.
 */
export function languageModelStep(config: ModelConfig): LanguageModelStep {
  const { parameter, nodes } = inputParameters();
  const logits = nextTokenLogits(config, parameter);
  const mask = input("mask", ["batch*time"]);
  const losses = crossEntropy(logits, input("labels", ["batch*time"], "i32"));
  const loss = div(reduceSum(mul(losses, mask), [0]), reduceSum(mask, [0]));

  const parameters = expectedTensors(config);
  if (!config.tiedEmbeddings) parameters.set("lm_head.weight", [config.vocabularySize, config.hiddenSize]);
  const names = [...parameters.keys()];
  const wrt = names.map((name) => nodes.get(name)!);
  const outputs: Record<string, Node> = { loss };
  for (const [i, gradient] of gradients([{ output: loss }], wrt).entries())
    outputs[gradientOf(names[i]!)] = gradient;
  return { outputs, parameters };
}
