/** Scalar product, in double precision. */
export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Cosine of the angle between two vectors, in double precision; 0 where one of them is zero. */
export function cosine(a: Float32Array, b: Float32Array): number {
  const lengths = Math.sqrt(dot(a, a)) * Math.sqrt(dot(b, b));
  return lengths === 0 ? 0 : dot(a, b) / lengths;
}

/** Sum of the absolute differences. */
export function manhattan(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]! - b[i]!);
  return sum;
}

/** Length of the difference. */
export function euclidean(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(sum);
}

/** The vectors scaled to length 1, row by row in one matrix; a vector of zeros stays one. */
export function unitRows(vectors: readonly Float32Array[]): Float32Array {
  const width = vectors[0]?.length ?? 0;
  const matrix = new Float32Array(vectors.length * width);
  for (const [row, vector] of vectors.entries()) {
    const length = Math.sqrt(dot(vector, vector));
    for (let i = 0; i < width; i++) matrix[row * width + i] = length > 0 ? vector[i]! / length : 0;
  }
  return matrix;
}
