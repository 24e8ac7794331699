export { loadTemplate, type TemplateContext } from "../templates/load-template.ts";
export { noTemplate, type Template } from "../templates/template.ts";
export {
  loadTokenizer,
  parseTokenizer,
  type TokenizedText,
  type TokenizeOptions,
  type Tokenizer,
} from "./tokenizer.ts";
