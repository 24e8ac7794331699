import { narrow, parseHeader, widen } from "@espalier/model";

export interface Floats {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Named tensors as the bytes of a safetensors file. */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, Floats>,
  dtype: "F32" | "BF16",
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const [name, { shape, data }] of tensors) {
    const bytes = narrow(data, dtype);
    header[name] = { dtype, shape, data_offsets: [offset, offset + bytes.length] };
    parts.push(bytes);
    offset += bytes.length;
  }
  const json = Buffer.from(JSON.stringify(header));
  const padded = Buffer.alloc(Math.ceil(json.length / 8) * 8, " ");
  json.copy(padded);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, padded, ...parts]);
}

/** Reads back what {@link encodeSafetensors} wrote as F32. */
export function decodeSafetensors(file: Buffer): {
  tensors: Map<string, Floats>;
  metadata: ReadonlyMap<string, string>;
} {
  const header = parseHeader(file.subarray(8, 8 + Number(file.readBigUInt64LE())), file.length);
  const tensors = new Map<string, Floats>();
  for (const [name, { shape, offset, bytes }] of header.tensors) {
    tensors.set(name, { shape, data: widen(file.subarray(offset, offset + bytes), "F32") });
  }
  return { tensors, metadata: header.metadata };
}
