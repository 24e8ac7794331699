import { open } from "node:fs/promises";
import { join } from "node:path";
import { Problem } from "@espalier/contract";
import type { OutcomeOf, SelfTestJob } from "@espalier/contract/compute";
import { input, matmul, weight, type Engine } from "@espalier/tensor";
import type { Computation } from "./computation.ts";

/** Rows and columns of the matrices that are multiplied. */
const size = 256;
const repetitions = 8;
/** Largest difference of an element; the elements are sums of 256 products below 1, in float32. */
const tolerance = 1e-2;
/** Bytes of the file that is written and read back. */
const fileBytes = 8 * 2 ** 20;

/**
 * Does in little what an attempt does: the engine starts on the device and computes what is known, and a file is written and
 * read back.
 * @throws {Problem} `internal/error` when a number or a byte is wrong; else what an attempt would meet
 */
export async function selfTest(
  { folder }: SelfTestJob,
  { engine }: Pick<Computation, "engine">,
): Promise<OutcomeOf<"self-test">> {
  const began = performance.now();
  await checkFile(join(folder, "self-test"));
  await checkEngine(engine);
  return { kind: "self-test", seconds: (performance.now() - began) / 1000 };
}

async function checkFile(path: string): Promise<void> {
  const written = Buffer.alloc(fileBytes, "espalier");
  const file = await open(path, "w+");
  try {
    await file.writeFile(written);
    await file.sync();
    const read = Buffer.alloc(fileBytes);
    await file.read(read, 0, fileBytes, 0);
    if (!read.equals(written))
      throw new Problem("internal/error", `Other bytes are read from ${path} than were written.`);
  } finally {
    await file.close();
  }
}

async function checkEngine(engine: Engine): Promise<void> {
  const shape = [size, size] as const;
  const numbers = (seed: number) =>
    Float32Array.from({ length: size * size }, (_, i) => ((i * seed) % 101) / 101 - 0.5);
  const [left, right] = [numbers(48271), numbers(69621)];
  const executable = await engine.open(
    { product: matmul(input("left", shape), weight("right", shape)) },
    new Map([["right", { data: right, shape }]]),
  );
  try {
    for (let repetition = 0; repetition < repetitions; repetition++) {
      const { product } = await executable.run({ left: { dtype: "f32", shape, data: left } });
      checkProduct(left, right, product!.data);
    }
  } finally {
    await executable.close();
  }
}

function checkProduct(left: Float32Array, right: Float32Array, product: ArrayLike<number>): void {
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++) {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += left[row * size + k]! * right[k * size + column]!;
      const found = product[row * size + column]!;
      if (!(Math.abs(found - sum) <= tolerance))
        throw new Problem("internal/error", `The device computes wrongly: ${found} where ${sum} is right.`);
    }
}
