import { checkFields, refuseFieldOf } from "../checkpoint/field-table.ts";
import { bert, roberta, xlmRoberta } from "./bert.ts";
import { configTable } from "./config-table.ts";
import { Fields } from "./fields.ts";
import { gemma, gemma2, gemma3 } from "./gemma.ts";
import { granite } from "./granite.ts";
import { llama } from "./llama.ts";
import { mistral } from "./mistral.ts";
import type { ModelConfig } from "./model-config.ts";
import { olmo2 } from "./olmo2.ts";
import { phi3 } from "./phi3.ts";
import { qwen2, qwen3 } from "./qwen.ts";
import { smollm3 } from "./smollm3.ts";
import type { JsonObject } from "../checkpoint/json.ts";

/** How each `model_type` is described. */
const architectures = {
  llama,
  mistral,
  qwen2,
  qwen3,
  phi3,
  gemma,
  gemma2,
  gemma3_text: gemma3,
  olmo2,
  granite,
  smollm3,
  bert,
  roberta,
  "xlm-roberta": xlmRoberta,
} as const satisfies Record<keyof typeof configTable, (config: Fields) => ModelConfig>;

/** Every `model_type` that can be read. */
export const modelTypes = Object.keys(architectures) as (keyof typeof architectures)[];

/**
 * Describes a model from the fields of its `config.json`. Only what is computed here is accepted: another architecture
 * or a feature that is not known is refused by name rather than computed wrongly.
 * @throws {Problem} `config/unsupported` or `config/malformed`, naming the field
 */
export function describe(source: JsonObject): ModelConfig {
  const fields = new Fields(source);
  const type = fields.word("model_type", modelTypes);
  const unknown: string[] = [];
  checkFields(source, configTable[type], refuseFieldOf("config.json"), (field) => unknown.push(field));
  const config = architectures[type](fields);
  if (unknown.length === 0) return config;
  const names = unknown.map((field) => field.slice(0, 80)).join(", ");
  return {
    ...config,
    remarks: [
      `config.json has fields that transformers does not read for ${type}, and that change nothing here either: ${names}.`,
    ],
  };
}
