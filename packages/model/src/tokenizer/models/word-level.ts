import { malformed, type Part } from "../part.ts";
import type { Model } from "./model.ts";
import { readVocabulary } from "./vocabulary.ts";

/** Looks up whole pieces. A piece that is not in the vocabulary becomes the unknown token. */
export function readWordLevel(part: Part): Model {
  const vocabulary = readVocabulary(part);
  const unknown = part.string("unk_token");
  return {
    size: vocabulary.size,
    idOf: (token) => vocabulary.get(token),
    encode(piece, ids) {
      const id = vocabulary.get(piece) ?? vocabulary.get(unknown);
      if (id === undefined)
        throw malformed(`the unknown token ${JSON.stringify(unknown)} is not in the vocabulary`);
      ids.push(id);
    },
  };
}
