import { narrow, writeSafetensors } from "@espalier/model";
import type { Encoder } from "../encoder.ts";
import { rowOf } from "../vectors.ts";
import { Batches } from "./batches.ts";
import type { TrainingInputs } from "./inputs.ts";
import { textsOfBatch, type TextOfBatch } from "./texts-of-batch.ts";

/** Texts that are embedded at a time, so that progress is seen and a stop is obeyed. */
const atOnce = 256;

/** The vectors that a teacher has of the texts of a training, each computed once. */
export class TeacherVectors {
  /** Numbers in a vector. */
  readonly width: number;
  readonly #rows: ReadonlyMap<string, number>;
  readonly #matrix: Float32Array;

  private constructor(width: number, rows: ReadonlyMap<string, number>, matrix: Float32Array) {
    this.width = width;
    this.#rows = rows;
    this.#matrix = matrix;
  }

  /**
   * Embeds every text that the steps of a training are going to see, and no other, with the instruction that it has there.
   * @throws {Problem} what `Encoder.embed` and the first batch of the training throw
   */
  static async compute(
    teacher: Encoder,
    inputs: Pick<TrainingInputs, "triplets" | "settings" | "mode">,
    { signal, report }: { signal?: AbortSignal; report?: (done: number, total: number) => void } = {},
  ): Promise<TeacherVectors> {
    const rows = new Map<string, number>();
    const texts: TextOfBatch[] = [];
    const { triplets, mode, settings } = inputs;
    const batches = Batches.start(triplets, settings.batchSize, settings.seed, mode);
    for (let left = settings.steps * settings.accumulate; left > 0; left--) {
      const { epoch } = batches.position;
      for (const text of textsOfBatch(batches.next(), settings, epoch)) {
        const key = keyOf(text);
        if (rows.has(key)) continue;
        rows.set(key, texts.length);
        texts.push(text);
      }
    }
    const matrix = new Float32Array(texts.length * teacher.width);
    let done = 0;
    for (const instruction of new Set(texts.map((text) => text.instruction))) {
      const group = texts.filter((text) => text.instruction === instruction);
      for (let from = 0; from < group.length; from += atOnce) {
        const part = group.slice(from, from + atOnce);
        const vectors = await teacher.embed(
          part.map(({ text }) => text),
          { instruction, signal },
        );
        for (const [i, vector] of vectors.entries())
          rowOf(matrix, rows.get(keyOf(part[i]!))!, teacher.width).set(vector);
        report?.((done += part.length), texts.length);
      }
    }
    return new TeacherVectors(teacher.width, rows, matrix);
  }

  /** How many texts it has been asked for. */
  get texts(): number {
    return this.#rows.size;
  }

  /** [texts, width] of some texts of the training, in their order. */
  of(texts: readonly TextOfBatch[]): Float32Array {
    const vectors = new Float32Array(texts.length * this.width);
    for (const [i, text] of texts.entries())
      rowOf(vectors, i, this.width).set(rowOf(this.#matrix, this.#rows.get(keyOf(text))!, this.width));
    return vectors;
  }

  /** Writes a safetensors file: `vectors` [texts, width], and in its metadata the `texts`, a JSON list of [text, instruction]. */
  async write(path: string): Promise<void> {
    const tensor = {
      name: "vectors",
      dtype: "F32" as const,
      shape: [this.#rows.size, this.width],
      chunks: () => [narrow(this.#matrix, "F32")],
    };
    await writeSafetensors(path, [tensor], new Map([["texts", `[${[...this.#rows.keys()].join(",")}]`]]));
  }
}

const keyOf = ({ text, instruction = "" }: TextOfBatch): string => JSON.stringify([text, instruction]);
