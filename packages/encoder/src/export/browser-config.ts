import { formatJson, parseJson, type JsonObject } from "@espalier/model";

/**
 * `config.json` of a folder whose ONNX weights stand beside the graph: in browsers
 * transformers.js needs a field that says so; in Node it finds them by itself.
 * @param quantised whether there is a file in 8 bits, which transformers.js takes in browsers unless it is told otherwise
 */
export function browserConfig(config: string, quantised: boolean): string {
  const spellings = new Map<string, string>();
  const root = parseJson(config, { spellings, asPython: true });
  if (!(root instanceof Map)) throw new TypeError("config.json is not an object");
  const fields: JsonObject = new Map([["use_external_data_format", true]]);
  if (!quantised) fields.set("dtype", "fp32");
  root.set("transformers.js_config", fields);
  return formatJson(root, spellings);
}
