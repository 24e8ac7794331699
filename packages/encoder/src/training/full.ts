import type { WeightSource } from "@espalier/tensor";
import { embeddingTable, expectedTensors, openFile, widen } from "@espalier/model";
import type { LoadedModel } from "../loaded-model.ts";
import { addTo, rowOf } from "../vectors.ts";
import type { Trainable } from "./trainable.ts";

/** All weights of a model, its embedding tables too, as PyTorch trains them when nothing is frozen. */
export function fullModel({ config, weights }: LoadedModel): Trainable {
  const { embedding, hiddenSize: width } = config;
  const { table, scale, positions, tokenTypes } = embedding;
  return {
    shapes: expectedTensors(config),
    async start() {
      const values = new Map<string, Float32Array>();
      for (const name of expectedTensors(config).keys())
        values.set(name, await readWeight(weights.get(name)!));
      return values;
    },
    graph: (parameter) => ({ parameter }),
    tables: {
      embedding: (parameters) =>
        embeddingTable(config, width, (name) => {
          const values = parameters.get(name)!;
          return (row, vector) => addTo(vector, rowOf(values, row, width));
        }),
      scatter(gradients, ids, gradient) {
        const sumOf = (name: string, row: number) => rowOf(gradients.get(name)!, row, width);
        for (let i = 0; i < ids.length; i++) {
          const part = rowOf(gradient, i, width);
          addTo(sumOf(table, ids[i]!), part, scale);
          if (positions) addTo(sumOf(positions.table, positions.first + i), part);
          if (tokenTypes) addTo(sumOf(tokenTypes.table, 0), part);
        }
      },
    },
  };
}

/** One weight in fp32. */
async function readWeight(source: WeightSource): Promise<Float32Array> {
  if ("data" in source) return source.data.slice();
  const file = await openFile(source.file);
  try {
    const bytes = await file.read(source.offset, source.bytes);
    if (bytes.byteLength < source.bytes) throw new Error(`${source.file} ended while a weight was read`);
    return widen(bytes, source.dtype);
  } finally {
    await file.close();
  }
}
