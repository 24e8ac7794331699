import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseJson, type JsonObject } from "../checkpoint/json.ts";
import { parseTokenizer } from "../tokenizer/tokenizer.ts";

const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");

interface Case {
  readonly family: string;
  readonly architecture: string;
  readonly files: Readonly<Record<string, object>>;
}
/** Of each text, separated by blanks, two digits in base 64 for each id; null where that release does not load the folder. */
type Ids = string | null;

const cases = JSON.parse(read("goldens/cases.json")) as Case[];

function goldens(release: number) {
  const { texts, ids } = JSON.parse(read(`goldens/release-${release}.json`)) as {
    texts: string[];
    ids: Ids[];
  };
  let before: Ids = null;
  return { texts, ids: ids.map((item) => (before = item === "=" ? before : item)) };
}

const object = (value: object): JsonObject => parseJson(JSON.stringify(value)) as JsonObject;
const at = (files: Case["files"], name: string) => files[name] && object(files[name]);

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const packed = (ids: Int32Array): string =>
  Array.from(ids, (id) => `${digits[id >> 6]}${digits[id & 63]}`).join("");

function idsBy({ family, architecture, files }: Case, release: string, texts: readonly string[]): string[] {
  const config = JSON.stringify(files["tokenizer_config.json"] ?? {});
  const tokenizer = parseTokenizer(read(`../tokenizer/goldens/${family}.tokenizer.json`), config, {
    model: object({ model_type: architecture, transformers_version: release }),
    specialTokens: at(files, "special_tokens_map.json"),
    addedTokens: at(files, "added_tokens.json"),
  });
  return texts.map((text) => packed(tokenizer.encode(text)));
}

test.each([
  [4, "4.57.6"],
  [5, "5.24.0"],
])(
  "release %i of transformers gives the same ids by what lies beside tokenizer.json",
  { timeout: 120_000 },
  (release, version) => {
    const { texts, ids } = goldens(release);
    expect(ids).toHaveLength(cases.length);
    let compared = 0;
    const wrong: unknown[] = [];
    for (const [i, right] of ids.entries()) {
      const given = cases[i]!;
      // A folder that only the other release loads is read as by that one.
      if (right === null) continue;
      compared++;
      const found = idsBy(given, version, texts);
      const wanted = right.split(" ");
      for (const [t, text] of texts.entries())
        if (found[t] !== wanted[t]) wrong.push({ ...given, text, found: found[t], right: wanted[t] });
    }
    expect(wrong).toEqual([]);
    expect(compared).toBeGreaterThan(150);
  },
);
