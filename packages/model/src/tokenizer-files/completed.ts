import type { JsonObject, JsonValue } from "../checkpoint/json.ts";
import {
  addedTokens,
  specialsOf,
  withOlderFiles,
  withPlainSpecials,
  type Beside,
  type Vocabulary,
} from "./added.ts";
import { asPlainClass } from "./both-releases.ts";
import { classOf, releaseOf, type Release, type TokenizerClass } from "./classes.ts";
import { aroundOf, meaningOf } from "./meaning.ts";
import { hasByteLevel, isRebuilt, sectionsOf, type Sections } from "./releases.ts";

/** A tokenizer.json as transformers completes it by the files beside it. */
export interface Completed {
  /** tokenizer.json with other sections, or itself. */
  readonly root: JsonObject;
  /** Whether it differs from tokenizer.json. */
  readonly isChanged: boolean;
  /** Whether releases 4 and 5 give the same ids. */
  readonly isSameInBoth: boolean;
  /** tokenizer_config.json, with what older files say. */
  readonly config: JsonObject;
  readonly class: TokenizerClass;
  /** Tokens that count as special, whatever tokenizer.json says of them. */
  readonly specials: ReadonlySet<string>;
  /** What its user should know, in full sentences. */
  readonly remarks: readonly string[];
}

/**
 * Completes tokenizer.json by tokenizer_config.json and its like as `AutoTokenizer` of transformers does. Where releases 4 and 5
 * do so differently, it is done as by the one that the folder was made for, and a remark says so.
 * @param vocabulary of tokenizer.json; default: that in `root`
 */
export function completed(
  root: JsonObject,
  beside: Beside,
  vocabulary: Vocabulary = vocabularyOf(root),
): Completed {
  const release = releaseOf(beside.config, beside.model);
  const { config, own, differences } = readByBoth(release, root, beside, vocabulary);
  const remarks: string[] = [];
  if (own.class === undefined)
    remarks.push(
      `tokenizer_config.json names the class ${JSON.stringify(beside.config.get("tokenizer_class")).slice(0, 80)}, which is not known; texts are tokenised by tokenizer.json alone.`,
    );
  const isChanged = [...differ.values()].some((of) => of(own.sections, root) !== of(new Map(), root));
  const kind = own.class ?? classOf(new Map(), undefined, release)!;
  const found: Completed = {
    root: isChanged ? new Map([...root, ...own.sections]) : root,
    isChanged,
    isSameInBoth: differences.length === 0,
    config,
    class: kind,
    specials: new Set(specialsOf(config, kind.tokens).map(({ content }) => content)),
    remarks,
  };
  if (differences.length > 0)
    remarks.push(
      `By this folder's tokenizer, releases 4 and 5 of transformers differ in ${differences.join(" and in ")}; texts are tokenised as by release ${release}, for which the folder was made. ${ofWritten(found, beside, vocabulary)}`,
    );
  return found;
}

/** What becomes of the differences in a folder that is written from this one. */
function ofWritten(found: Completed, beside: Beside, vocabulary: Vocabulary): string {
  const written: Beside = { ...beside, config: asPlainClass(found) };
  const { differences } = readByBoth(
    releaseOf(written.config, written.model),
    found.root,
    written,
    vocabulary,
  );
  return differences.length === 0
    ? "What is written from it is read alike by both."
    : "What is written from it is read so by release 4; by release 5 with `PreTrainedTokenizerFast.from_pretrained` alone, as its `AutoTokenizer` takes a tokenizer of its own for every model of this architecture, whatever the folder says.";
}

/** How the release that a folder was made for reads it, and in what the other differs. */
function readByBoth(release: Release, root: JsonObject, beside: Beside, vocabulary: Vocabulary) {
  const config = withOlderFiles(beside);
  const read = (by: Release) => {
    const found = classOf(beside.config, beside.model, by, hasByteLevel(root));
    return { class: found, sections: sectionsBy(by, root, config, beside, found, vocabulary) };
  };
  const [own, other] = [read(release), read(release === 4 ? 5 : 4)];
  const differences = [...differ]
    .filter(([, of]) => of(own.sections, root) !== of(other.sections, root))
    .map(([what]) => what);
  return { config, own, differences };
}

function sectionsBy(
  release: Release,
  root: JsonObject,
  config: JsonObject,
  { config: stated }: Beside,
  found: TokenizerClass | undefined,
  vocabulary: Vocabulary,
): Sections {
  if (found === undefined) return new Map();
  const listed = root.get("added_tokens");
  // A tokenizer that is built anew knows tokenizer.json's tokens only where tokenizer_config.json has no list of its own.
  const isForgotten = isRebuilt(release, found) && stated.has("added_tokens_decoder");
  const before = Array.isArray(listed) && !isForgotten ? listed : [];
  // Release 5 adds those with a name once more to Qwen's, as plain special ones.
  const isPlain = release === 5 && found.name === "Qwen2Tokenizer";
  const added = isPlain
    ? addedTokens(before, withPlainSpecials(config), found, vocabulary, { again: true })
    : addedTokens(before, config, found, vocabulary);
  const list: readonly JsonValue[] = added ?? before;
  const ids = new Map(
    list.filter((item) => item instanceof Map).map((item) => [item.get("content"), item.get("id")]),
  );
  const idOf = (token: string): number | undefined => {
    const id = ids.get(token);
    return typeof id === "number" ? id : vocabulary.idOf(token);
  };
  const sections = sectionsOf[release]({ class: found, config, root, idOf });
  if (added !== undefined || isForgotten) sections.set("added_tokens", [...list]);
  return sections;
}

const sectionOf = (name: string, sections: Sections, root: JsonObject): JsonValue | undefined =>
  sections.has(name) ? sections.get(name) : root.get(name);

/** What can differ, each as a text that is the same where ids are. */
const differ: ReadonlyMap<string, (sections: Sections, root: JsonObject) => string> = new Map([
  [
    "how they split texts",
    (sections, root) =>
      JSON.stringify([
        ...["normalizer", "pre_tokenizer"].map((name) => meaningOf(sectionOf(name, sections, root))),
        mergesOf(sectionOf("model", sections, root)),
      ]),
  ],
  ["the tokens around a text", (sections, root) => aroundOf(sectionOf("post_processor", sections, root))],
  [
    "the added tokens that they know",
    (sections, root) => {
      const list = sectionOf("added_tokens", sections, root);
      return JSON.stringify(Array.isArray(list) ? list.map(meaningOf).sort() : []);
    },
  ],
]);

const mergesOf = (model: JsonValue | undefined): JsonValue[] =>
  model instanceof Map ? ["ignore_merges", "byte_fallback"].map((name) => model.get(name) ?? false) : [];

/** The vocabulary in a tokenizer.json. */
function vocabularyOf(root: JsonObject): Vocabulary {
  const model = root.get("model");
  const words = model instanceof Map ? model.get("vocab") : undefined;
  if (words instanceof Map)
    return {
      size: words.size,
      idOf(token) {
        const id = words.get(token);
        return typeof id === "number" ? id : undefined;
      },
    };
  const list = Array.isArray(words) ? words : [];
  let places: Map<JsonValue, number> | undefined;
  return {
    size: list.length,
    idOf(token) {
      places ??= new Map(list.map((entry, id) => [Array.isArray(entry) ? (entry[0] ?? null) : null, id]));
      return places.get(token);
    },
  };
}
