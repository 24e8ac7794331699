import { weightDtypes, type WeightDtype } from "../checkpoint/dtype.ts";
import type { Fields } from "./fields.ts";
import type { ModelConfig } from "./model-config.ts";

export const dtypeNames: Record<WeightDtype, string> = { F32: "float32", BF16: "bfloat16", F16: "float16" };

function weightDtype(config: Fields): WeightDtype | undefined {
  const key = config.source.has("dtype") ? "dtype" : "torch_dtype";
  const spelled = config.source.get(key) ?? null;
  if (spelled === null || spelled === "auto") return undefined;
  const name = config.word(key, Object.values(dtypeNames));
  return weightDtypes.find((candidate) => dtypeNames[candidate] === name);
}

/** What every architecture's `config.json` says in the same words. */
export function readCommon(
  config: Fields,
): Pick<
  ModelConfig,
  "modelType" | "vocabularySize" | "dtype" | "bosTokenId" | "eosTokenId" | "padTokenId" | "source"
> {
  const modelType = config.source.get("model_type");
  return {
    modelType: typeof modelType === "string" ? modelType : "",
    vocabularySize: config.integer("vocab_size", 1, 4_194_304),
    dtype: weightDtype(config),
    bosTokenId: config.tokenId("bos_token_id"),
    eosTokenId: config.tokenId("eos_token_id"),
    padTokenId: config.tokenId("pad_token_id"),
    source: config.source,
  };
}
