/** Numbers of a checkpoint, little endian, as 32-bit floats. `bytes` may start at any offset of its buffer. */
export function decode(bytes: Uint8Array, dtype: "F32" | "F16" | "BF16"): Float32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  if (dtype === "F32") return new Float32Array(aligned.buffer, aligned.byteOffset, bytes.length / 4).slice();
  const halves = new Uint16Array(aligned.buffer, aligned.byteOffset, bytes.length / 2);
  if (dtype === "F16") return Float32Array.from(halves, float16);
  // A bfloat16 is the upper half of a float32.
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i] << 16;
  return new Float32Array(bits.buffer);
}

/** IEEE 754 binary16. */
function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
