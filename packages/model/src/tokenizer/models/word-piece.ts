import { malformed, type Part } from "../part.ts";
import { Trie } from "../trie.ts";
import type { Model } from "./model.ts";
import { readVocabulary } from "./vocabulary.ts";

/** Takes the longest token that a word starts with, then the longest continuation, and so on, as BERT does. */
export function readWordPiece(part: Part): Model {
  const vocabulary = readVocabulary(part);
  const unknown = part.string("unk_token");
  const prefix = part.string("continuing_subword_prefix");
  const longest = part.integer("max_input_chars_per_word");
  const trie = Trie.of(vocabulary);
  const continuation = trie.walk(prefix);

  /** Pushes the tokens of a word; false where it has a part without one. */
  function split(word: string, ids: number[]): boolean {
    for (let start = 0; start < word.length;) {
      let node = start === 0 ? 0 : continuation;
      let [id, end] = [-1, start];
      for (let at = start; at < word.length && node >= 0;) {
        node = trie.step(node, word.charCodeAt(at++));
        if (node >= 0 && trie.value(node) >= 0) [id, end] = [trie.value(node), at];
      }
      if (id < 0) return false;
      ids.push(id);
      start = end;
    }
    return true;
  }

  return {
    size: vocabulary.size,
    idOf: (token) => vocabulary.get(token),
    encode(word, ids) {
      const before = ids.length;
      if (!isLonger(word, longest) && split(word, ids)) return;
      ids.length = before;
      const id = vocabulary.get(unknown);
      if (id === undefined)
        throw malformed(`the unknown token ${JSON.stringify(unknown)} is not in the vocabulary`);
      ids.push(id);
    },
  };
}

/** Whether a text has more than `most` characters. */
function isLonger(text: string, most: number): boolean {
  if (text.length <= most) return false;
  let count = 0;
  for (const _ of text) if (++count > most) return true;
  return false;
}
