import type { ResolvedEncoding } from "@espalier/contract";
import { poolingWeights, type LoadedModel } from "@espalier/encoder";
import type { Template } from "@espalier/model/tokenizer";
import { openOnnxFile } from "@espalier/engine";

type OnnxEncoding = Omit<ResolvedEncoding, "template"> & { readonly template: Template };

/** Vectors of texts by an ONNX file in the way of its users: a few texts at once, padded on the right. */
export async function onnxVectors(
  path: string,
  texts: readonly string[],
  { config, tokenizer }: LoadedModel,
  { pooling, pooled, maxLength, template }: OnnxEncoding,
  threads?: number,
): Promise<Float32Array[]> {
  const session = await openOnnxFile(path, threads === undefined ? {} : { threads });
  const width = config.hiddenSize;
  const vectors: Float32Array[] = [];
  try {
    for (let from = 0; from < texts.length; from += 4) {
      const batch = texts
        .slice(from, from + 4)
        .map((text) => tokenizer.tokenize(text, { maxLength, pooled, template }));
      const time = Math.max(...batch.map(({ ids }) => ids.length));
      const shape = [batch.length, time];
      const padded = (of: (ids: Int32Array) => ArrayLike<number>) => {
        const data = new Int32Array(batch.length * time);
        for (const [row, { ids }] of batch.entries()) data.set(of(ids), row * time);
        return { shape, data };
      };
      const results = await session.run({
        input_ids: padded((ids) => ids),
        attention_mask: padded((ids) => ids.map(() => 1)),
      });
      const states = results["last_hidden_state"]!.data;
      const weights = poolingWeights(pooling, batch, time);
      for (const row of batch.keys()) {
        const vector = new Float32Array(width);
        for (let t = 0; t < time; t++) {
          const weight = weights[row * time + t]!;
          if (weight === 0) continue;
          const start = (row * time + t) * width;
          for (let k = 0; k < width; k++) vector[k]! += weight * states[start + k]!;
        }
        vectors.push(vector);
      }
    }
  } finally {
    await session.close();
  }
  return vectors;
}
