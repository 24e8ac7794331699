import { describe, expect, it } from "vitest";
import { readAdapter, writeAdapter } from "@espalier/model";
import { Encoder } from "../encoder.ts";
import { Random } from "../random.ts";
import { tinyEncoder, tinyLlama } from "../testing/tiny-encoder.ts";
import { temporaryFolder } from "../../../model/src/testing/tiny-model.ts";
import { interpreter } from "@espalier/tensor";
import { adapterOf, startLora } from "./lora.ts";

describe("a fresh adapter", () => {
  it("does not change the model", async () => {
    const adapter = adapterOf(startLora(tinyLlama, 4, Random.seeded(1)), tinyLlama, 4, 8);
    const engine = interpreter();
    const [plain] = await new Encoder(tinyEncoder(), { engine }).embed(["some text"]);
    const [adapted] = await new Encoder(tinyEncoder(), { engine, adapter }).embed(["some text"]);
    expect(adapted).toEqual(plain);
  });

  it("draws A within ±1/√in, and B is zero", () => {
    for (const [name, data] of startLora(tinyLlama, 4, Random.seeded(1))) {
      const inputs = name.includes("down_proj") ? 10 : name.includes("o_proj") ? 12 : 8;
      const largest = Math.max(...data.map(Math.abs));
      if (name.includes("lora_B")) expect(largest).toBe(0);
      else {
        expect(largest).toBeLessThanOrEqual(1 / Math.sqrt(inputs));
        expect(largest).toBeGreaterThan(0.7 / Math.sqrt(inputs));
      }
    }
  });
});

describe("an adapter", () => {
  it("encodes the same after it was stored as PEFT stores it", async () => {
    const random = Random.seeded(3);
    const factors = new Map(
      [...startLora(tinyLlama, 2, random)].map(([name, data]) => [
        name,
        data.map(() => random.uniform() - 0.5),
      ]),
    );
    const adapter = adapterOf(factors, tinyLlama, 2, 4);
    await using folder = await temporaryFolder();
    await writeAdapter(folder.path, adapter, { name: "base" });
    const engine = interpreter();
    const vectors = async (used: typeof adapter) =>
      new Encoder(tinyEncoder(), { engine, adapter: used }).embed(["some text"]);
    const changed = await vectors(adapter);
    expect(await vectors(await readAdapter(folder.path))).toEqual(changed);
    expect(changed).not.toEqual(await new Encoder(tinyEncoder(), { engine }).embed(["some text"]));
  });
});
