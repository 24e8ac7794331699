/** Element types that the safetensors format names, with their width in bits. */
export const dtypeBits = {
  BOOL: 8,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  F64: 64,
  I64: 64,
  U64: 64,
  C64: 64,
} as const;

export type Dtype = keyof typeof dtypeBits;

/** The element types that weights are computed from here. */
export const weightDtypes = ["F32", "BF16", "F16"] as const;
export type WeightDtype = (typeof weightDtypes)[number];

export function isDtype(text: string): text is Dtype {
  return Object.hasOwn(dtypeBits, text);
}

export function isWeightDtype(dtype: string): dtype is WeightDtype {
  return dtype === "F32" || dtype === "BF16" || dtype === "F16";
}

const word = new Uint32Array(1);
const real = new Float32Array(word.buffer);

/** The float that 16 bits of IEEE binary16 stand for. */
function halfToFloat(half: number): number {
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  const sign = half & 0x8000 ? -1 : 1;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

let halfTable: Float32Array | undefined;

/** All 65,536 halves as floats, made at the first use (256 KB): a table look-up is several times faster than the bits. */
function halves(): Float32Array {
  halfTable ??= Float32Array.from({ length: 65_536 }, (_, half) => halfToFloat(half));
  return halfTable;
}

/** Little-endian 16-bit words of `bytes`; a view where the alignment allows, a copy otherwise. */
function words16(bytes: Uint8Array): Uint16Array {
  return bytes.byteOffset % 2 === 0
    ? new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 1)
    : new Uint16Array(bytes.slice().buffer);
}

/** Little-endian 32-bit words of `bytes`; a view where the alignment allows, a copy otherwise. */
export function words32(bytes: Uint8Array): Uint32Array {
  return bytes.byteOffset % 4 === 0
    ? new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2)
    : new Uint32Array(bytes.slice().buffer);
}

/** Widens raw little-endian weights to fp32, exactly. `out` (elements of `bytes`) is filled from its start. */
export function widen(bytes: Uint8Array, dtype: WeightDtype, out?: Float32Array): Float32Array {
  if (dtype === "F32") {
    const source = words32(bytes);
    const target = out ?? new Float32Array(source.length);
    new Uint32Array(target.buffer, target.byteOffset, source.length).set(source);
    return target;
  }
  const source = words16(bytes);
  const target = out ?? new Float32Array(source.length);
  if (dtype === "BF16") {
    const bits = new Uint32Array(target.buffer, target.byteOffset, source.length);
    for (let i = 0; i < source.length; i++) bits[i] = source[i]! << 16;
  } else {
    const table = halves();
    for (let i = 0; i < source.length; i++) target[i] = table[source[i]!]!;
  }
  return target;
}

/** Nearest bf16 of a float's bits, ties to even; a NaN stays a NaN. */
function toBf16(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

/** Nearest binary16 of a float, ties to even; too large becomes infinity. */
function toHalf(value: number): number {
  real[0] = value;
  const bits = word[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    const scaled = Math.abs(value) * 2 ** 24; // subnormal: a multiple of 2^-24
    const floor = Math.floor(scaled);
    const rest = scaled - floor;
    return sign | (floor + (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? 1 : 0));
  }
  return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
}

/** Rounds fp32 to `dtype` (nearest, ties to even, as PyTorch does) and returns its little-endian bytes. */
export function narrow(values: Float32Array, dtype: WeightDtype): Uint8Array {
  if (dtype === "F32") return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const out = new Uint16Array(values.length);
  if (dtype === "BF16") {
    const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
    for (let i = 0; i < out.length; i++) out[i] = toBf16(bits[i]!);
  } else {
    for (let i = 0; i < out.length; i++) out[i] = toHalf(values[i]!);
  }
  return new Uint8Array(out.buffer);
}
