/** ONNX's protocol buffers, as far as graphs need them. Field numbers: onnx.proto3 of ONNX 1.19. */
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** TensorProto.DataType. */
const dataType = { f32: 1, i8: 3, i32: 6, i64: 7, f16: 10, bf16: 16 } as const;
export type DataType = keyof typeof dataType;

export type Attribute = number | bigint | string | readonly number[];

export interface NodeProto {
  readonly type: string;
  /** "" is ONNX itself. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** A bigint is an integer, a number a float, an array integers. */
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A constant: its bytes, or where in a file beside the model they are. */
export interface TensorProto {
  readonly name: string;
  readonly type: DataType;
  readonly shape: readonly number[];
  readonly data: Uint8Array | { readonly location: string; readonly offset: number; readonly bytes: number };
}

interface ValueProto {
  readonly name: string;
  readonly type: DataType;
  readonly shape: readonly (number | string)[];
}

export interface ModelProto {
  readonly nodes: readonly NodeProto[];
  readonly initializers: readonly TensorProto[];
  readonly inputs: readonly ValueProto[];
  readonly outputs: readonly ValueProto[];
  /** Operator set version by domain. */
  readonly opsets: Readonly<Record<string, number>>;
  /** Version of the format. @default 10 */
  readonly ir?: number;
}

type Write = (writer: BinaryWriter) => void;

function message(writer: BinaryWriter, field: number, write: Write): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write(writer);
  writer.join();
}
const text = (writer: BinaryWriter, field: number, value: string): void => {
  writer.tag(field, WireType.LengthDelimited).string(value);
};
const integer = (writer: BinaryWriter, field: number, value: number | bigint): void => {
  writer.tag(field, WireType.Varint).int64(value);
};

/** The bytes of a model file. */
export function encodeModel({
  nodes,
  initializers,
  inputs,
  outputs,
  opsets,
  ir = 10,
}: ModelProto): Uint8Array<ArrayBuffer> {
  const model = new BinaryWriter();
  integer(model, 1, ir); // ir_version
  text(model, 2, "espalier");
  message(model, 7, (graph) => {
    for (const node of nodes) message(graph, 1, (writer) => encodeNode(writer, node));
    text(graph, 2, "graph");
    for (const tensor of initializers) message(graph, 5, (writer) => encodeTensor(writer, tensor));
    for (const value of inputs) message(graph, 11, (writer) => encodeValue(writer, value));
    for (const value of outputs) message(graph, 12, (writer) => encodeValue(writer, value));
  });
  for (const [domain, version] of Object.entries(opsets)) {
    message(model, 8, (opset) => {
      text(opset, 1, domain);
      integer(opset, 2, version);
    });
  }
  return new Uint8Array(model.finish());
}

function encodeNode(writer: BinaryWriter, node: NodeProto): void {
  for (const name of node.inputs) text(writer, 1, name);
  for (const name of node.outputs) text(writer, 2, name);
  text(writer, 4, node.type);
  for (const [name, value] of Object.entries(node.attributes)) {
    message(writer, 5, (attribute) => {
      text(attribute, 1, name);
      encodeAttribute(attribute, value);
    });
  }
  text(writer, 7, node.domain);
}

function encodeAttribute(writer: BinaryWriter, value: Attribute): void {
  const type = 20;
  if (typeof value === "number") {
    writer.tag(2, WireType.Bit32).float(value);
    integer(writer, type, 1);
  } else if (typeof value === "bigint") {
    integer(writer, 3, value);
    integer(writer, type, 2);
  } else if (typeof value === "string") {
    text(writer, 4, value);
    integer(writer, type, 3);
  } else {
    for (const element of value) integer(writer, 8, element);
    integer(writer, type, 7);
  }
}

function encodeTensor(writer: BinaryWriter, { name, type, shape, data }: TensorProto): void {
  for (const dim of shape) integer(writer, 1, dim);
  integer(writer, 2, dataType[type]);
  text(writer, 8, name);
  if (data instanceof Uint8Array) {
    writer.tag(9, WireType.LengthDelimited).bytes(data);
    return;
  }
  const entries = { location: data.location, offset: `${data.offset}`, length: `${data.bytes}` };
  for (const [key, value] of Object.entries(entries)) {
    message(writer, 13, (entry) => {
      text(entry, 1, key);
      text(entry, 2, value);
    });
  }
  integer(writer, 14, 1); // data_location = EXTERNAL
}

function encodeValue(writer: BinaryWriter, { name, type, shape }: ValueProto): void {
  text(writer, 1, name);
  message(writer, 2, (typeProto) =>
    message(typeProto, 1, (tensor) => {
      integer(tensor, 1, dataType[type]);
      message(tensor, 2, (dims) => {
        for (const dim of shape) {
          message(dims, 1, (writer2) =>
            typeof dim === "number" ? integer(writer2, 1, dim) : text(writer2, 2, dim),
          );
        }
      });
    }),
  );
}
