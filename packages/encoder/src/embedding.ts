import { isProblem, poolingFile, Problem } from "@espalier/contract";
import { noTemplate, type TokenizedText } from "@espalier/model/tokenizer";
import type { Executable } from "@espalier/tensor";
import type { Encoder } from "./encoder.ts";
import { runChunks } from "./run-chunks.ts";
import { howToEncode, tokenizeText, type Tokenizing } from "./tokenize.ts";
import { afterSteps } from "./vector-steps.ts";
import { rowOf, unit } from "./vectors.ts";

export interface EmbedOptions {
  /** Given to the model before each text, and not pooled. @default none */
  readonly instruction?: string | undefined;
  /** What stands between the instruction and the text. @default what the template says, `; ` without one */
  readonly separator?: string | undefined;
  /**
   * How many numbers of each vector are kept, from the first on, as `truncate_dim` of sentence-transformers: after the
   * modules of the folder, and before the scaling that `normalize` asks for.
   * @default what the encoder keeps
   */
  readonly dimensions?: number | undefined;
  /** Scale every vector to length 1. @default whether the model's `modules.json` ends with a normalisation */
  readonly normalize?: boolean | undefined;
  /** Stops between chunks; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each chunk. `texts` and `total` count different texts; `tokens` real ones, padding left out. */
  readonly report?: ((progress: { texts: number; total: number; tokens: number }) => void) | undefined;
}

/** Texts as they are computed: each once, whatever the depths at which it is looked at. */
interface TextsToEmbed {
  readonly distinct: readonly string[];
  readonly tokenized: readonly TokenizedText[];
  /** How many numbers of each vector are kept. */
  readonly dimensions: number;
}

/**
 * One list of vectors for each of the `outputs` of a graph, each in the order of the texts.
 * @param open the graph, asked for when the texts are known to be good
 * @throws {Problem} what {@link Encoder.embed} throws
 */
export async function embedTexts(
  encoder: Encoder,
  texts: readonly string[],
  options: EmbedOptions,
  { outputs, open }: { readonly outputs: readonly string[]; readonly open: () => Promise<Executable> },
): Promise<Float32Array[][]> {
  const { signal, report, normalize } = options;
  const { distinct, tokenized, dimensions } = textsToEmbed(encoder, texts, options);
  const executable = await open();
  const { model, encoding, chunkTokens } = encoder;
  const batch = { model, texts: tokenized, pooling: encoding.pooling, chunkTokens };
  const vectors = outputs.map(() => new Map<string, Float32Array>());
  let [done, tokens] = [0, 0];
  for await (const { chunk, results } of runChunks(executable, batch, { signal })) {
    for (const [place, output] of outputs.entries()) {
      const matrix = results[output]!.data as Float32Array;
      for (const [row, i] of chunk.entries()) {
        const pooled = rowOf(matrix, row, model.config.hiddenSize);
        vectors[place]!.set(distinct[i]!, finishVector(encoder, pooled, dimensions, normalize));
      }
    }
    done += chunk.length;
    tokens += chunk.reduce((sum, i) => sum + tokenized[i]!.ids.length, 0);
    report?.({ texts: done, total: distinct.length, tokens });
  }
  return vectors.map((of) => texts.map((text) => of.get(text)!));
}

function textsToEmbed(encoder: Encoder, texts: readonly string[], options: EmbedOptions): TextsToEmbed {
  const { width, wholeWidth, poolsPrompts, model, encoding, mode } = encoder;
  const { dimensions = width } = options;
  const { instruction, separator, shorten } = howToEncode(options, encoder);
  if (!(Number.isInteger(dimensions) && dimensions >= 1 && dimensions <= wholeWidth))
    throw new Problem(
      "request/invalid",
      `A vector of this model has ${wholeWidth} numbers; dimensions must be from 1 to that.`,
      { field: "/dimensions" },
    );
  if (instruction !== undefined && !poolsPrompts)
    throw new Problem(
      "config/unsupported",
      "1_Pooling/config.json says include_prompt false, which is not computed for a text with an instruction",
      { file: poolingFile, field: "/include_prompt" },
    );
  // A text that occurs twice is computed once.
  const distinct = [...new Set(texts)];
  const template =
    separator === undefined ? encoder.template : { ...(encoder.template ?? noTemplate), separator };
  const how = { model, encoding, mode, template };
  const tokenized = distinct.map((text) => tokenizeAt(shorten(text), how, instruction, texts.indexOf(text)));
  return { distinct, tokenized, dimensions };
}

/** A vector of its own of a pooled one: after the folder's modules, scaled as the folder says, cut, and scaled as the caller says. */
function finishVector(
  { steps, normalizes }: Pick<Encoder, "steps" | "normalizes">,
  pooled: Float32Array,
  dimensions: number,
  normalize: boolean | undefined,
): Float32Array {
  const vector = afterSteps(pooled, steps);
  const whole = normalizes && normalize === undefined ? unit(vector) : vector;
  const cut = Float32Array.from(whole.subarray(0, dimensions));
  return normalize === true ? Float32Array.from(unit(cut)) : cut;
}

/** @param place of the text, which is told where it is refused */
function tokenizeAt(
  text: string,
  how: Tokenizing,
  instruction: string | undefined,
  place: number,
): TokenizedText {
  try {
    return tokenizeText(text, how, instruction);
  } catch (error) {
    if (!isProblem(error)) throw error;
    throw new Problem(error.code, error.message, { ...error.facts, field: `/${place}` });
  }
}
