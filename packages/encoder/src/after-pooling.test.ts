import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { narrow, writeSafetensors } from "@espalier/model";
import { Encoder } from "./encoder.ts";
import { ChangedFolder } from "./testing/changed-folder.ts";
import { fileInterpreter } from "./testing/file-interpreter.ts";
import { goldenWeight } from "./testing/golden-model.ts";

type Step =
  | { kind: "Dense"; outputs: number; bias: boolean; activation: string }
  | { kind: "LayerNorm" | "Normalize" | "Dropout" };

/** What sentence-transformers makes of a pooled vector (`tools/oracle/modules/after_pooling.py`). */
const { texts, cases } = JSON.parse(
  await readFile(new URL("testing/after-pooling.json", import.meta.url), "utf8"),
) as { texts: string[]; cases: Record<string, { steps: Step[]; vectors: number[][] }> };

/** By releases 5.1 and 6.2, the first numbers of each vector (`tools/oracle/modules/blanks.py`). */
const blanks = JSON.parse(await readFile(new URL("testing/blanks.json", import.meta.url), "utf8")) as {
  texts: string[];
  releases: Record<"5.1.2" | "6.2.0", number[][]>;
};

async function write(folder: ChangedFolder, steps: readonly Step[]): Promise<void> {
  const kinds = ["Transformer", "Pooling", ...steps.map(({ kind }) => kind)];
  const modules = kinds.map((kind, idx) => ({
    idx,
    name: `${idx}`,
    path: idx === 0 ? "" : `${idx}_${kind}`,
    type: `sentence_transformers.models.${kind}`,
  }));
  await folder.write("modules.json", modules);
  await folder.write("1_Pooling/config.json", {
    word_embedding_dimension: 16,
    pooling_mode_mean_tokens: true,
  });
  let width = 16;
  for (const [i, step] of steps.entries()) {
    const place = i + 2;
    const shapes = new Map<string, number[]>();
    let config = {};
    if (step.kind === "Dense") {
      const { outputs, bias, activation } = step;
      config = { in_features: width, out_features: outputs, bias, activation_function: activation };
      shapes.set("linear.weight", [outputs, width]);
      if (bias) shapes.set("linear.bias", [outputs]);
      width = outputs;
    } else if (step.kind === "LayerNorm") {
      config = { dimension: width };
      shapes.set("norm.weight", [width]).set("norm.bias", [width]);
    } else continue;
    const name = `${place}_${step.kind}`;
    await mkdir(join(folder.path, name));
    await folder.write(`${name}/config.json`, config);
    const tensors = [...shapes].map(([tensor, shape]) => ({
      name: tensor,
      dtype: "F32" as const,
      shape,
      chunks: () => [narrow(goldenWeight(`${place}.${tensor}`, shape), "F32")],
    }));
    await writeSafetensors(join(folder.path, name, "model.safetensors"), tensors);
  }
}

test.each(Object.keys(cases))(
  "vectors after these modules are those of sentence-transformers: %s",
  async (name) => {
    const { steps, vectors } = cases[name]!;
    await using folder = await ChangedFolder.of("bert");
    await write(folder, steps);
    await using encoder = await Encoder.load(folder.path, { engine: fileInterpreter() });
    const found = await encoder.embed(texts);
    for (const [i, right] of vectors.entries())
      expect(Array.from(found[i]!)).toEqual(right.map((value): unknown => expect.closeTo(value, 4)));
  },
);

test("blanks at the ends of a text count as in release 6, where release 5 takes them away", async () => {
  await using folder = await ChangedFolder.of("decoder");
  await write(folder, []);
  await using encoder = await Encoder.load(folder.path, { engine: fileInterpreter() });
  const firsts = async (given: string[]) =>
    (await encoder.embed(given)).map((vector) => Array.from(vector.subarray(0, 4)));
  const near = (vectors: number[][]) =>
    vectors.map((vector) => vector.map((value): unknown => expect.closeTo(value, 5)));
  expect(await firsts(blanks.texts)).toEqual(near(blanks.releases["6.2.0"]));
  expect(await firsts(blanks.texts.map((each) => each.trim()))).toEqual(near(blanks.releases["5.1.2"]));
});
