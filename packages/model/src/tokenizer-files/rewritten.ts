import { maxTokenizerBytes } from "../checkpoint/fits.ts";
import { formatJson, type JsonObject } from "../checkpoint/json.ts";
import { findText, type ModelSource } from "../files/read-text.ts";
import { asPlainClass } from "./both-releases.ts";
import { completed } from "./completed.ts";
import { outlineOf } from "./outline.ts";
import { objectOf, readBeside, tokenizerConfigFile, tokenizerFile } from "./read.ts";
import { loadByBoth } from "./tokenizer-class.ts";

const maxBytes = 1024 * 1024;

/** A limit beyond which there is none, and which Python spells as it likes. */
const noLimit = 1e20;

/**
 * The texts of the tokenizer's files that are written anew where a folder is derived from another, by their names: those by which
 * releases 4 and 5 of transformers would read another tokenizer than the one that is read here, and those that Python
 * refuses. All others are copied.
 * @param plain whether the class that takes tokenizer.json as it is is named in any case. @default false
 */
export async function rewrittenTokenizer(
  source: ModelSource,
  { plain = false }: { plain?: boolean } = {},
): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  const text = await findText(source, tokenizerFile, maxTokenizerBytes);
  if (text === undefined) return texts;
  const beside = await readBeside(source);
  const outline = outlineOf(parsed(text), beside);
  if (outline === undefined) return texts;
  const { isChanged, isSameInBoth } = outline;
  if (isChanged) {
    const spellings = new Map<string, string>();
    const { root } = completed(objectOf(text, tokenizerFile, spellings), beside);
    texts.set(tokenizerFile, formatJson(root, spellings));
  }
  const spellings = new Map<string, string>();
  const stated = await findText(source, tokenizerConfigFile, maxBytes);
  const before = stated === undefined ? new Map() : objectOf(stated, tokenizerConfigFile, spellings);
  const isNewClass = plain || !isSameInBoth;
  const config: JsonObject = isNewClass ? asPlainClass(outline) : before;
  const changes = [isNewClass, loadByBoth(config), wholeLength(config, spellings)];
  if (changes.includes(true)) texts.set(tokenizerConfigFile, formatJson(config, spellings));
  return texts;
}

/** Python cuts texts to a whole number of tokens, and takes 512.0 for none. */
function wholeLength(config: JsonObject, spellings: Map<string, string>): boolean {
  const [key, path] = ["model_max_length", "/model_max_length"];
  const length = config.get(key);
  if (typeof length !== "number" || length > noLimit) return false;
  if (Number.isInteger(length) && !/[.eE]/.test(spellings.get(path) ?? "")) return false;
  config.set(key, Math.floor(length));
  spellings.delete(path);
  return true;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
