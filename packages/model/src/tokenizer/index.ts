export { loadTemplate } from "../templates/load-template.ts";
export { noTemplate, type Template } from "../templates/template.ts";
export { loadTokenizer, parseTokenizer, type TokenizedText, type Tokenizer } from "./tokenizer.ts";
