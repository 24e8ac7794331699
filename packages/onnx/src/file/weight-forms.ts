import type { TensorProto } from "../proto.ts";

/** The forms, beside the weight itself, in which a file may hold a weight, and their names in it. */
export const forms = {
  /** A matrix [out, in] as [in, out], to be multiplied with from the left. */
  turned: (weight: string): string => `${weight}:turned`,
  /** A matrix [rows, columns] in signed 8 bits. */
  steps: (weight: string): string => `${weight}:int8`,
  /** What one step of each row stands for [rows]. */
  scales: (weight: string): string => `${weight}:scales`,
} as const;

/** A tensor of the file before it is known where in the file it stands. */
export type StoredTensor = Omit<TensorProto, "data"> & { readonly data: Uint8Array };

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Int8Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** The forms of a weight that a graph uses, one after the other, so that few of them are in memory at once. */
export function* storedForms(
  weight: string,
  values: Float32Array,
  shape: readonly number[],
  used: ReadonlySet<string>,
): Generator<StoredTensor> {
  const [rows = 1, columns = 1] = shape;
  if (used.has(weight)) yield { name: weight, type: "f32", shape, data: bytesOf(values) };
  const turned = forms.turned(weight);
  if (used.has(turned))
    yield {
      name: turned,
      type: "f32",
      shape: [columns, rows],
      data: bytesOf(transpose(values, rows, columns)),
    };
  if (!used.has(forms.steps(weight))) return;
  const { steps, scales } = quantise(values, rows);
  yield { name: forms.steps(weight), type: "i8", shape: [rows, columns], data: bytesOf(steps) };
  yield { name: forms.scales(weight), type: "f32", shape: [rows], data: bytesOf(scales) };
}

/** Each row in steps of its own scale, nearest: a scale is the row's largest magnitude over 127. */
export function quantise(values: Float32Array, rows: number): { steps: Int8Array; scales: Float32Array } {
  const columns = values.length / rows;
  const steps = new Int8Array(values.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const [start, end] = [row * columns, (row + 1) * columns];
    let largest = 0;
    for (let i = start; i < end; i++) largest = Math.max(largest, Math.abs(values[i]!));
    scales[row] = largest / 127 || 1;
    const scale = scales[row]!;
    for (let i = start; i < end; i++) steps[i] = Math.round(values[i]! / scale);
  }
  return { steps, scales };
}

/** Block by block, so that neither side is walked against its grain. */
function transpose(from: Float32Array, rows: number, columns: number): Float32Array {
  const to = new Float32Array(from.length);
  const block = 32;
  for (let top = 0; top < rows; top += block) {
    for (let left = 0; left < columns; left += block) {
      const [bottom, right] = [Math.min(rows, top + block), Math.min(columns, left + block)];
      for (let row = top; row < bottom; row++)
        for (let column = left; column < right; column++)
          to[column * rows + row] = from[row * columns + column]!;
    }
  }
  return to;
}
