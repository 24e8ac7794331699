import { terms, type Dim } from "@espalier/tensor";
import type { Attribute, DataType, NodeProto, TensorProto } from "./proto.ts";

export const MICROSOFT = "com.microsoft";

/** Collects the ONNX nodes and constants that a graph becomes. Values are named; equal constants and sizes are made once. */
export class Emitter {
  readonly nodes: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  readonly #once = new Map<string, string>();
  readonly #sizes: ReadonlyMap<string, { input: string; axis: number }>;

  /** @param sizes from which axis of which input each named size can be read */
  constructor(sizes: ReadonlyMap<string, { input: string; axis: number }>) {
    this.#sizes = sizes;
  }

  /** Adds an op; returns the name of its first output. */
  emit(
    type: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    domain = "",
  ): string {
    const [output] = this.emitMany(1, type, inputs, attributes, domain);
    return output ?? "";
  }

  /** Adds an op with several outputs; returns their names. */
  emitMany(
    count: number,
    type: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    domain = "",
  ): string[] {
    const outputs = Array.from(
      { length: count },
      (_, i) => `${type}_${this.nodes.length}${i ? `_${i}` : ""}`,
    );
    this.nodes.push({ type, domain, inputs, outputs, attributes });
    return outputs;
  }

  /** Gives a value another name. */
  alias(value: string, name: string): void {
    this.nodes.push({ type: "Identity", domain: "", inputs: [value], outputs: [name], attributes: {} });
  }

  /** Makes a value at most once per key. */
  once(key: string, make: () => string): string {
    const known = this.#once.get(key) ?? make();
    this.#once.set(key, known);
    return known;
  }

  #constant(type: DataType, shape: readonly number[], data: Uint8Array): string {
    return this.once(`${type} ${shape.join()} ${Buffer.from(data).toString("latin1")}`, () => {
      const name = `constant_${this.initializers.length}`;
      this.initializers.push({ name, type, shape, data });
      return name;
    });
  }

  floats(values: readonly number[], shape: readonly number[]): string {
    return this.#constant("f32", shape, new Uint8Array(Float32Array.from(values).buffer));
  }

  integers(values: readonly number[], shape: readonly number[]): string {
    return this.#constant("i32", shape, new Uint8Array(Int32Array.from(values).buffer));
  }

  /** Sizes as an int64 vector [n]. */
  vector(dims: readonly Dim[]): string {
    if (dims.every((dim) => typeof dim === "number"))
      return this.#constant("i64", [dims.length], new Uint8Array(BigInt64Array.from(dims, BigInt).buffer));
    const parts = dims.map((dim) => this.#size(dim));
    const [first] = parts;
    return first !== undefined && parts.length === 1
      ? first
      : this.once(`vector ${dims.join()}`, () => this.emit("Concat", parts, { axis: 0n }));
  }

  /** A size as an int64 scalar []. */
  scalar(dim: Dim): string {
    return this.once(`scalar ${dim}`, () => this.emit("Squeeze", [this.vector([dim])]));
  }

  /** A size as an int64 vector [1]. */
  #size(dim: Dim): string {
    if (typeof dim === "number") return this.vector([dim]);
    return this.once(`size ${dim}`, () =>
      terms(dim)
        .map(({ coefficient, names }) =>
          [
            ...(coefficient === 1 && names.length > 0 ? [] : [this.vector([coefficient])]),
            ...names.map((name) => this.#named(name)),
          ].reduce((a, b) => this.emit("Mul", [a, b])),
        )
        .reduce((a, b) => this.emit("Add", [a, b])),
    );
  }

  #named(name: string): string {
    const found = this.#sizes.get(name);
    if (!found) throw new TypeError(`no input of the graph has an axis of size "${name}" alone`);
    const { input, axis } = found;
    return this.once(`named ${name}`, () =>
      this.emit("Shape", [input], { start: BigInt(axis), end: BigInt(axis + 1) }),
    );
  }
}
