import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Writes the folders of evaluation tasks that pages and help name, small: BEIR's files, and train and test with labels. */
export async function writeTaskFolders(folder: string): Promise<void> {
  const files = {
    "scifact/corpus.jsonl": ["A cat sat down.", "Rain fell.", "The dog ran."].map((text, i) =>
      JSON.stringify({ _id: `${i}`, title: "", text }),
    ),
    "scifact/queries.jsonl": ["The cat.", "A dog."].map((text, i) => JSON.stringify({ _id: `q${i}`, text })),
    "scifact/qrels/test.tsv": ["query-id\tcorpus-id\tscore", "q0\t0\t1", "q1\t2\t1"],
    "banking77/train.csv": [
      "text,category",
      "My card is lost.,card",
      "I lost a card.,card",
      "Send money.,transfer",
      "A transfer.,transfer",
    ],
    "banking77/test.csv": ["text,category", "Where is my card?,card", "Transfer it.,transfer"],
  };
  for (const [name, lines] of Object.entries(files)) {
    await mkdir(join(folder, name, ".."), { recursive: true });
    await writeFile(join(folder, name), `${lines.join("\n")}\n`);
  }
}
