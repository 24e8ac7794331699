import { formatJson, parseJson } from "@espalier/model";

/**
 * `config.json` of a folder whose ONNX weights stand beside the graph: in browsers
 * transformers.js needs a field that says so; in Node it finds them by itself.
 */
export function browserConfig(config: string): string {
  const spellings = new Map<string, string>();
  const root = parseJson(config, { spellings, asPython: true });
  if (!(root instanceof Map)) throw new TypeError("config.json is not an object");
  root.set("transformers.js_config", new Map([["use_external_data_format", true]]));
  return formatJson(root, spellings);
}
