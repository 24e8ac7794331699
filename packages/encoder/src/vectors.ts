/** Row `row` of a row-major matrix [rows, width], in place. */
export const rowOf = (matrix: Float32Array, row: number, width: number): Float32Array =>
  matrix.subarray(row * width, (row + 1) * width);

/** Copies row i of `from` to row `rows[i]` of `into`. */
export function scatterRows(
  from: Float32Array,
  rows: readonly number[],
  width: number,
  into: Float32Array,
): void {
  for (const [i, row] of rows.entries()) into.set(rowOf(from, i, width), row * width);
}

/** A new matrix whose row i is row `rows[i]` of `from`. */
export function gatherRows(from: Float32Array, rows: readonly number[], width: number): Float32Array {
  const into = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries()) into.set(rowOf(from, row, width), i * width);
  return into;
}

/** Adds `factor` times `part` to `sum`, in place. */
export function addTo(sum: Float32Array, part: ArrayLike<number>, factor = 1): void {
  for (let i = 0; i < part.length; i++) sum[i]! += factor * part[i]!;
}

/** The vector scaled to length 1, in double precision; a vector of zeros as it is. */
export function unit(vector: Float32Array): Float64Array {
  const length = Math.hypot(...vector);
  return Float64Array.from(vector, (x) => (length > 0 ? x / length : x));
}

/** Cosine of the angle between two vectors, in double precision; 0 where one of them is zero. */
export function cosine(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) throw new RangeError(`vectors of ${a.length} and ${b.length} dimensions`);
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! * a[i]!;
    bb += b[i]! * b[i]!;
  }
  return aa === 0 || bb === 0 ? 0 : ab / Math.sqrt(aa) / Math.sqrt(bb);
}
