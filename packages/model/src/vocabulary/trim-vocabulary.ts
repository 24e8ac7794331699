import { Problem, vocabularyFiles } from "@espalier/contract";
import { copyOf, writeDerived, type WrittenBytes } from "../checkpoint/checkpoint-writer.ts";
import { openCheckpoint, type Checkpoint } from "../checkpoint/checkpoint.ts";
import { configOfVocabulary } from "../checkpoint/config.ts";
import { maxTokenizerBytes } from "../checkpoint/fits.ts";
import type { TensorSource } from "../checkpoint/safetensors-writer.ts";
import { readText } from "../files/read-text.ts";
import { findPrompts } from "../modules/modules.ts";
import { rewrittenTokenizer } from "../tokenizer-files/rewritten.ts";
import { loadTokenizer, parseTokenizer, readTokenizerConfig } from "../tokenizer/tokenizer.ts";
import { trimmedTokenizer } from "./trimmed-tokenizer.ts";

/** A text as it is embedded. */
export interface CorpusText {
  readonly text: string;
  readonly instruction?: string | undefined;
}

/** Files that hold the former vocabulary, or ids of its tokens, beside tokenizer.json. */
const former = new Set<string>([
  "generation_config.json",
  "added_tokens.json",
  "merges.txt",
  ...vocabularyFiles,
]);

/**
 * Writes the checkpoint `source` to the new folder `target` with the tokens alone that a corpus uses, special ones and those of bytes:
 * tokenizer.json, the embedding and the ids of config.json shrink together, and the output head goes. Texts of the corpus, alone or after
 * a prompt of the folder, keep their tokens, and so their vectors to the bit. Others are cut into smaller tokens.
 * @param corpus its texts, from the beginning each time it is called
 * @returns how many tokens there were and are
 * @throws {Problem} `dataset/empty` without a text; `tokenizer/mismatch` naming a text that would be cut otherwise
 */
export async function trimVocabulary(
  source: string,
  target: string,
  corpus: () => AsyncIterable<CorpusText>,
  { onBytes }: { onBytes?: WrittenBytes } = {},
): Promise<{ before: number; after: number }> {
  const checkpoint = await openCheckpoint(source);
  try {
    const { config } = checkpoint;
    const tokenizer = await loadTokenizer(source);
    const prompts = Object.values(await findPrompts(source));
    const encodings = async function* () {
      for await (const { text, instruction } of corpus()) {
        yield { text, instruction };
        for (const prompt of prompts) yield { text: `${prompt}${text}`, instruction: undefined };
      }
    };
    const used = new Set<number>();
    for await (const { text, instruction } of encodings())
      for (const id of tokenizer.tokenize(text, { instruction, pooled: "sequence" }).ids) used.add(id);
    if (used.size === 0)
      throw new Problem(
        "dataset/empty",
        "There is no text whose tokens could be kept; give a dataset with texts.",
      );
    const plain = await rewrittenTokenizer(source, { plain: true });
    const json = plain.get("tokenizer.json") ?? (await readText(source, "tokenizer.json", maxTokenizerBytes));
    const stated = plain.get("tokenizer_config.json") ?? (await readTokenizerConfig(source));
    const trimmed = trimmedTokenizer(json, stated, used);
    const after = parseTokenizer(trimmed.json, trimmed.config);
    for await (const { text, instruction } of encodings()) {
      const how = { instruction, pooled: "sequence" } as const;
      const expected = tokenizer.tokenize(text, how).ids;
      const { ids } = after.tokenize(text, how);
      if (ids.length === expected.length && ids.every((id, i) => id === trimmed.idOf(expected[i]!))) continue;
      throw new Problem(
        "tokenizer/mismatch",
        `Without the tokens that no text uses, "${text.slice(0, 80)}" would be cut otherwise; keep the whole vocabulary.`,
        { file: "tokenizer.json" },
      );
    }
    await writeDerived(checkpoint, target, {
      config: configOfVocabulary(config, trimmed.ids.length, trimmed.idOf),
      texts: new Map([
        ["tokenizer.json", trimmed.json],
        ["tokenizer_config.json", trimmed.config],
      ]),
      without: former,
      onBytes,
      sourceOf(key) {
        if (config.naming.carried.test(key)) return undefined;
        return key === config.embedding.table
          ? rowsOf(checkpoint, key, trimmed.ids)
          : copyOf(checkpoint, key, key);
      },
    });
    return { before: config.vocabularySize, after: trimmed.ids.length };
  } finally {
    await checkpoint.close();
  }
}

/** Some rows of a stored weight, in runs of neighbours. */
function rowsOf(checkpoint: Checkpoint, key: string, rows: readonly number[]): TensorSource {
  const { dtype, shape, bytes } = checkpoint.tensors.get(key)!;
  const stride = bytes / shape[0]!;
  const most = Math.max(1, Math.floor((1024 * 1024) / stride));
  return {
    name: key,
    dtype,
    shape: [rows.length, shape[1]!],
    async *chunks() {
      for (let from = 0; from < rows.length;) {
        let to = from + 1;
        while (to < rows.length && to - from < most && rows[to] === rows[to - 1]! + 1) to++;
        const [first, last] = [rows[from]!, rows[to - 1]!];
        yield await checkpoint.readBytes(key, { from: first * stride, to: (last + 1) * stride });
        from = to;
      }
    },
  };
}
