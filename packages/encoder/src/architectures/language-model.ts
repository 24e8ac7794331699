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
} from "@espalier/graph";
import { llamaLayers, llamaParameters, norm, type LlamaConfig } from "./llama.ts";
import { inputParameters, type Parameter } from "./parameters.ts";
import { rotaryInputs } from "./rotary-tables.ts";

/**
 * Scores of the next token at every position, [batch*time, vocabulary]. Inputs: `ids` i32 [batch, time],
 * `rotary.cos`, `rotary.sin`. The head is the embedding table where it is tied.
 */
export function nextTokenLogits(config: LlamaConfig, parameter: Parameter, tiedHead = true): Node {
  const table = parameter("embed_tokens.weight", [config.vocabularySize, config.hiddenSize]);
  const x = gather(table, input("ids", ["batch", "time"], "i32"));
  const last = llamaLayers(config, x, rotaryInputs(config), { parameter }).at(-1) ?? x;
  const h = reshape(norm(config, "norm", last, { parameter }), ["batch*time", config.hiddenSize]);
  const head = tiedHead ? table : parameter("lm_head.weight", [config.vocabularySize, config.hiddenSize]);
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
 * [batch*time], 1 where the label counts; `rotary.cos`, `rotary.sin`. Loss: mean of −log p(label) over the mask.
 */
export function languageModelStep(config: LlamaConfig, tiedHead = true): LanguageModelStep {
  const { parameter, nodes } = inputParameters();
  const logits = nextTokenLogits(config, parameter, tiedHead);
  const mask = input("mask", ["batch*time"]);
  const losses = crossEntropy(logits, input("labels", ["batch*time"], "i32"));
  const loss = div(reduceSum(mul(losses, mask), [0]), reduceSum(mask, [0]));

  const parameters = llamaParameters(config, tiedHead);
  const names = [...parameters.keys()];
  const wrt = names.map((name) => nodes.get(name)!);
  const outputs: Record<string, Node> = { loss };
  for (const [i, gradient] of gradients([{ output: loss }], wrt).entries())
    outputs[gradientOf(names[i]!)] = gradient;
  return { outputs, parameters };
}
