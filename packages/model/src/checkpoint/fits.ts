import { Problem } from "@espalier/contract";
import type { ModelConfig } from "../architectures/model-config.ts";
import { expectedTensors } from "../architectures/tensors.ts";
import type { StoredTensor } from "./stored-tensor.ts";

/**
 * Refuses weights that are not those of the config: one missing, one of another shape, one that would not be used.
 * @throws {Problem} naming the tensor
 */
export function checkTensors(config: ModelConfig, tensors: ReadonlyMap<string, StoredTensor>): void {
  const expected = expectedTensors(config);
  for (const [name, shape] of expected) {
    const tensor = tensors.get(name);
    if (tensor === undefined) {
      throw new Problem(
        "checkpoint/incomplete",
        `the weight "${name}" is missing; config.json asks for [${shape.join(", ")}]${otherwise(name, tensors)}`,
        { tensor: name },
      );
    }
    checkShape(name, tensor, shape);
  }
  for (const [name, tensor] of tensors) {
    if (expected.has(name)) continue;
    if (name === "lm_head.weight") checkShape(name, tensor, [config.vocabularySize, config.hiddenSize]);
    else if (!config.naming.carried.test(name)) {
      const { file, storedName } = tensor;
      throw new Problem(
        "checkpoint/incomplete",
        `the weight "${storedName}" has no place in a ${config.layers}-layer ${config.modelType} model`,
        { file, tensor: storedName },
      );
    }
  }
}

/** What a weight is called by wrappers of training, under which names transformers does not find it either. */
function otherwise(name: string, tensors: ReadonlyMap<string, StoredTensor>): string {
  const found = [...tensors.values()].find(({ storedName }) => storedName.endsWith(`.${name}`));
  return found === undefined
    ? ""
    : `; the file has ${JSON.stringify(found.storedName.slice(0, 160))}, whose beginning is of a wrapper: save the model that it wraps`;
}

function checkShape(
  name: string,
  { file, storedName, shape }: StoredTensor,
  wanted: readonly number[],
): void {
  if (shape.length === wanted.length && shape.every((size, i) => size === wanted[i])) return;
  throw new Problem(
    "checkpoint/incomplete",
    `the weight "${name}" is [${shape.join(", ")}], but config.json asks for [${wanted.join(", ")}]`,
    { file, tensor: storedName },
  );
}

/** Upper bound of tokenizer.json; real ones reach 20 MB. */
export const maxTokenizerBytes = 64 * 1024 * 1024;

/**
 * Refuses a tokenizer whose vocabulary has ids without a row in the embedding. A special token beyond the table is left
 * alone: Gemma 3's text models have one for images, which no text holds; a text that does is refused when it is embedded.
 * @param tokenizerJson text of `tokenizer.json`
 * @param rows of the embedding table
 * @returns what `JSON.parse` makes of the text
 * @throws {Problem} `tokenizer/malformed` or `tokenizer/mismatch`, naming the token
 */
export function checkTokenizer(tokenizerJson: string, rows: number): unknown {
  const file = "tokenizer.json";
  const root = parsed(tokenizerJson);
  for (const [token, id, isSpecial] of tokenIds(root)) {
    if (typeof id !== "number" || !Number.isSafeInteger(id) || id < 0) {
      throw new Problem("tokenizer/malformed", `tokenizer.json gives ${shown(token)} the id ${shown(id)}`, {
        file,
      });
    }
    if (id >= rows && !isSpecial) {
      const message = `tokenizer.json gives ${shown(token)} the id ${id}, but the embedding has ${rows} rows`;
      throw new Problem("tokenizer/mismatch", message, { file });
    }
  }
  return root;
}

const shown = (value: unknown): string => (JSON.stringify(value) ?? "nothing").slice(0, 80);

function refuse(reason: string): never {
  throw new Problem("tokenizer/malformed", `tokenizer.json ${reason}`, { file: "tokenizer.json" });
}

function parsed(tokenizerJson: string): unknown {
  try {
    return JSON.parse(tokenizerJson);
  } catch (error) {
    return refuse(`is not valid JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Every token with its id: of the model's vocabulary (a map, or a list for Unigram) and of the added tokens. */
function* tokenIds(root: unknown): Generator<[token: unknown, id: unknown, isSpecial: boolean]> {
  const found = own(root, "added_tokens") ?? [];
  const added: readonly unknown[] = Array.isArray(found)
    ? found
    : refuse("has added_tokens that are not a list");
  const isSpecial = (token: unknown) => own(token, "special") === true;
  const special = new Set(added.filter(isSpecial).map((token) => own(token, "content")));
  const vocabulary = own(own(root, "model"), "vocab");
  if (Array.isArray(vocabulary)) yield ["the last token", vocabulary.length - 1, false];
  else if (typeof vocabulary === "object" && vocabulary !== null)
    for (const [token, id] of Object.entries(vocabulary)) yield [token, id, special.has(token)];
  else refuse("has no model.vocab");
  for (const token of added) yield [own(token, "content"), own(token, "id"), isSpecial(token)];
}

/** A property of a parsed JSON object itself, never of its prototype. */
export function own(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? Object.getOwnPropertyDescriptor(value, key)?.value
    : undefined;
}
