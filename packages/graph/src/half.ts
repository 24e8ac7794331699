/** Numbers of a checkpoint, little endian, as 32-bit floats. `bytes` may start at any offset of its buffer. */
export function decode(bytes: Uint8Array, dtype: "F32" | "F16" | "BF16"): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (dtype === "F32")
    return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
  const halves = Array.from({ length: bytes.length / 2 }, (_, i) => view.getUint16(2 * i, true));
  if (dtype === "F16") return Float32Array.from(halves, float16);
  // A bfloat16 is the upper half of a float32.
  return new Float32Array(Uint32Array.from(halves, (bits) => (bits << 16) >>> 0).buffer);
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
