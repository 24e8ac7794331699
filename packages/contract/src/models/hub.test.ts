import { expect, test } from "vitest";
import { parseHubReference } from "./hub.ts";

test.each([
  ["hf:HuggingFaceTB/SmolLM2-135M", { hub: "HuggingFaceTB/SmolLM2-135M" }],
  ["hf:gpt2", { hub: "gpt2" }],
  ["hf:org/name_1.5@v1.0", { hub: "org/name_1.5", revision: "v1.0" }],
  ["hf:org/name@refs/pr/3", { hub: "org/name", revision: "refs/pr/3" }],
  [`hf:org/name@${"a".repeat(40)}`, { hub: "org/name", revision: "a".repeat(40) }],
])("%s names a repository", (text, reference) => expect(parseHubReference(text)).toEqual(reference));

test.each([
  "org/name",
  "hf:",
  "hf:/name",
  "hf:org/",
  "hf:a/b/c",
  "hf:../etc",
  "hf:org/..",
  "hf:org/a..b",
  "hf:org/a--b",
  "hf:-org/name",
  "hf:org/name.",
  "hf:org/na me",
  "hf:org/name?x=1",
  "hf:org/name#x",
  "hf:org%2Fname",
  "hf:https://example.com/org",
  "hf:org/name@",
  "hf:org/name@..",
  "hf:org/name@a/../b",
  "hf:org/name@a//b",
  "hf:org/name@/a",
  "hf:org/name@a/",
  "hf:org/name@a?b",
  "hf:org/name@a@b",
  `hf:${"a".repeat(97)}/b`,
  `hf:org/name@${"a".repeat(201)}`,
])("%s is no reference", (text) => expect(parseHubReference(text)).toBeUndefined());
