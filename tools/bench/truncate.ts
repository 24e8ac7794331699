/**
 * Truncation of a checkpoint against `cp` of the file that comes out, both made durable, in turns; and the memory that a
 * process needs for it at two sizes of model.
 */
import { execFileSync } from "node:child_process";
import { mkdtemp, mkdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expectedTensors, parseConfig, truncateCheckpoint, writeSafetensors } from "@espalier/model";

const layers = 24;
const kept = 12;
const rounds = 5;
const checkpointModule = new URL("../../packages/model/src/index.ts", import.meta.url).href;

/** A Llama in bf16 with arbitrary bytes. */
async function writeModel(directory: string, hiddenSize: number): Promise<void> {
  const text = JSON.stringify({
    model_type: "llama",
    num_hidden_layers: layers,
    hidden_size: hiddenSize,
    intermediate_size: 3 * hiddenSize,
    num_attention_heads: hiddenSize / 64,
    vocab_size: 1024,
  });
  await mkdir(directory);
  await writeFile(join(directory, "config.json"), text);
  await writeSafetensors(
    join(directory, "model.safetensors"),
    [...expectedTensors(parseConfig(text))].map(([name, shape]) => ({
      name,
      dtype: "BF16",
      shape,
      chunks: () => [Buffer.alloc(2 * shape.reduce((product, size) => product * size, 1), name)],
    })),
  );
}

const seconds = async (work: () => void | Promise<void>): Promise<number> => {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
};
const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1];

export async function truncate(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "espalier-bench-"));
  try {
    for (const hiddenSize of [1024, 2048]) {
      const source = join(folder, `${hiddenSize}`);
      const target = join(folder, "target");
      await writeModel(source, hiddenSize);
      await truncateCheckpoint(source, target, kept);
      const result = join(folder, "result.safetensors");
      execFileSync("mv", [join(target, "model.safetensors"), result]);
      const own: number[] = [];
      const copies: number[] = [];
      for (let round = 0; round < rounds; round++) {
        await rm(target, { recursive: true });
        own.push(await seconds(() => truncateCheckpoint(source, target, kept)));
        copies.push(
          await seconds(() => {
            const copy = join(folder, "copy");
            execFileSync("cp", [result, copy]);
            execFileSync("sync", [copy]);
          }),
        );
      }
      await rm(target, { recursive: true });
      const script = `
        const { truncateCheckpoint } = await import(${JSON.stringify(checkpointModule)});
        const before = process.resourceUsage().maxRSS;
        await truncateCheckpoint(${JSON.stringify(source)}, ${JSON.stringify(target)}, ${kept});
        console.log(process.resourceUsage().maxRSS - before);`;
      const kibibytes = execFileSync(process.execPath, [
        "--import",
        "tsx",
        "--input-type=module",
        "-e",
        script,
      ]);
      await rm(target, { recursive: true });
      const [size, cut] = [await stat(join(source, "model.safetensors")), await stat(result)];
      console.log(
        `${(size.size / 1e9).toFixed(2)} GB to ${(cut.size / 1e9).toFixed(2)} GB: ` +
          `${median(own).toFixed(2)} s, cp ${median(copies).toFixed(2)} s ` +
          `(${(median(own) / median(copies)).toFixed(2)} x), ` +
          `${(Number(kibibytes.toString()) / 1024).toFixed(0)} MiB above the idle process`,
      );
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
