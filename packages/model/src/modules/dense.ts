import { Problem } from "@espalier/contract";
import { isWeightDtype, widen } from "../checkpoint/dtype.ts";
import {
  checkFields,
  harmless,
  neutral,
  obeyed,
  refuseFieldOf,
  type FieldTable,
} from "../checkpoint/field-table.ts";
import { readHeader } from "../checkpoint/safetensors.ts";
import { filesOf, type ModelSource } from "../files/read-text.ts";
import { findObject, unusable } from "./read-object.ts";

/** What a module of sentence-transformers after pooling does with a vector. */
export type VectorStep =
  | { readonly kind: "normalize" }
  | {
      readonly kind: "dense";
      readonly inputs: number;
      readonly outputs: number;
      /** [outputs, inputs], row-major. */
      readonly weight: Float32Array;
      /** [outputs] */
      readonly bias: Float32Array | undefined;
      readonly activation: DenseActivation;
    }
  | {
      readonly kind: "layer-norm";
      readonly inputs: number;
      readonly outputs: number;
      readonly weight: Float32Array;
      readonly bias: Float32Array;
    };

/** Classes of PyTorch that a Dense may name, each with what it has by default. */
const activations = {
  "torch.nn.modules.linear.Identity": "identity",
  "torch.nn.modules.activation.Tanh": "tanh",
  "torch.nn.modules.activation.ReLU": "relu",
  "torch.nn.modules.activation.GELU": "gelu",
  "torch.nn.modules.activation.SiLU": "silu",
  "torch.nn.modules.activation.Sigmoid": "sigmoid",
} as const;

export type DenseActivation = (typeof activations)[keyof typeof activations];

const denseFields: FieldTable = {
  in_features: obeyed,
  out_features: obeyed,
  bias: obeyed,
  activation_function: obeyed,
  module_input_name: neutral("sentence_embedding"),
  module_output_name: neutral("sentence_embedding"),
  init_weight: harmless("the weights are in the folder"),
  init_bias: harmless("the weights are in the folder"),
};

const layerNormFields: FieldTable = { dimension: obeyed };

const most = 65_536;

/**
 * Reads a Dense module: activation(W x + b).
 * @param path folder of the module
 * @throws {Problem} `config/unsupported` naming the file, `checkpoint/…` for weights that are not what its config says
 */
export async function readDense(source: ModelSource, path: string): Promise<VectorStep> {
  const { file, root } = await configOf(source, path, denseFields);
  const [inputs, outputs] = [
    sizeOf(root.get("in_features"), file, "in_features"),
    sizeOf(root.get("out_features"), file, "out_features"),
  ];
  const named = root.has("activation_function")
    ? root.get("activation_function")
    : "torch.nn.modules.activation.Tanh";
  if (typeof named !== "string" || !Object.hasOwn(activations, named))
    refuseFieldOf(file)(
      "activation_function",
      `activation_function is ${JSON.stringify(named).slice(0, 80)}; ${Object.keys(activations).join(", ")} are supported`,
    );
  const read = await weightsOf(source, path);
  return {
    kind: "dense",
    inputs,
    outputs,
    weight: read("linear.weight", [outputs, inputs]),
    bias: root.get("bias") === false ? undefined : read("linear.bias", [outputs]),
    activation: activations[named as keyof typeof activations],
  };
}

/** Reads a LayerNorm module, whose epsilon is PyTorch's 1e-5. */
export async function readLayerNorm(source: ModelSource, path: string): Promise<VectorStep> {
  const { file, root } = await configOf(source, path, layerNormFields);
  const size = sizeOf(root.get("dimension"), file, "dimension");
  const read = await weightsOf(source, path);
  return {
    kind: "layer-norm",
    inputs: size,
    outputs: size,
    weight: read("norm.weight", [size]),
    bias: read("norm.bias", [size]),
  };
}

async function configOf(source: ModelSource, path: string, fields: FieldTable) {
  const file = `${path}/config.json`;
  const root = await findObject(source, file);
  if (root === undefined) throw unusable(file, "is missing, though modules.json names the module");
  checkFields(root, fields, refuseFieldOf(file));
  return { file, root };
}

function sizeOf(value: unknown, file: string, field: string): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= most) return value;
  return refuseFieldOf(file)(field, `${field} is not a number from 1 to ${most}`);
}

/** The weights of a module, all in memory: the largest known takes 9 MB. */
async function weightsOf(
  source: ModelSource,
  path: string,
): Promise<(name: string, shape: readonly number[]) => Float32Array> {
  const file = `${path}/model.safetensors`;
  const reader = await filesOf(source).open(file);
  if (reader === undefined)
    throw new Problem(
      "checkpoint/incomplete",
      `${file} is missing; save the model with save_pretrained of sentence-transformers, which writes safetensors`,
      { file },
    );
  try {
    const { tensors } = await readHeader(reader);
    const values = new Map<string, Float32Array>();
    for (const { name, dtype, offset, bytes, shape } of tensors.values()) {
      if (!isWeightDtype(dtype))
        throw new Problem("config/unsupported", `"${name}" is ${dtype}`, { file, tensor: name });
      const array = widen(await reader.read(offset, bytes), dtype);
      if (!array.every(Number.isFinite))
        throw new Problem("checkpoint/non-finite", `"${name}" holds NaN or infinity`, { file, tensor: name });
      values.set(`${name} ${shape.join()}`, array);
    }
    return (name, shape) => {
      const array = values.get(`${name} ${shape.join()}`);
      if (array !== undefined) return array;
      throw new Problem(
        "checkpoint/incomplete",
        `${file} has no weight "${name}" of [${shape.join(", ")}], for which its config.json asks`,
        { file, tensor: name },
      );
    };
  } finally {
    await reader.close();
  }
}
