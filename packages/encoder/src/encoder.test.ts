import { interpreter } from "@espalier/graph";
import { describe, expect, it } from "vitest";
import { Encoder } from "./encoder.ts";
import { tinyEncoder } from "./testing/tiny-encoder.ts";

describe("Encoder", () => {
  it("gives each text the vector it has alone, whatever it is computed together with", async () => {
    const texts = ["a longer text here", "cat", "dog", "we go", "cat", "a"];
    const chunks = [1, 8, 1000];
    const results = await Promise.all(
      chunks.map(async (chunkTokens) => {
        const encoder = await Encoder.over(tinyEncoder(), { engine: interpreter(), chunkTokens });
        return encoder.embed(texts);
      }),
    );
    for (const vectors of results) {
      expect(vectors).toHaveLength(6);
      expect(vectors[1]).toEqual(vectors[4]);
      for (const [i, vector] of vectors.entries())
        for (const [k, x] of vector.entries()) expect(x).toBeCloseTo(results[0]![i]![k]!, 5);
    }
  });

  it("is steered by an instruction that it does not pool", async () => {
    const encoder = await Encoder.over(tinyEncoder(), { engine: interpreter(), pooling: "last_token" });
    const [plain] = await encoder.embed(["cat"]);
    const [told] = await encoder.embed(["cat"], { instruction: "find" });
    const [same] = await encoder.embed(["find; cat"]);
    expect(told).toEqual(same);
    expect(told).not.toEqual(plain);
  });

  it("scales vectors to length 1 where asked, and reports real tokens", async () => {
    const encoder = await Encoder.over(tinyEncoder(), { engine: interpreter() });
    const seen: unknown[] = [];
    const [vector] = await encoder.embed(["cat", "mouse"], {
      normalize: true,
      report: (progress) => seen.push(progress),
    });
    expect(Math.hypot(...vector!)).toBeCloseTo(1, 6);
    expect(seen.at(-1)).toEqual({ texts: 2, total: 2, tokens: 8 });
  });

  it("cuts long texts on the right", async () => {
    const encoder = await Encoder.over(tinyEncoder(), { engine: interpreter(), maxLength: 4 });
    const [cut, whole] = await encoder.embed(["abcdef", "abcd"]);
    expect(cut).toEqual(whole);
  });
});
