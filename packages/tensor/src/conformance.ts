import { compositeCases, drawInputs, opCases, type Case } from "./cases.ts";
import { gradients } from "./grad.ts";
import { decode } from "./half.ts";
import { interpreter } from "./interpret.ts";
import type { Node } from "./node.ts";
import * as op from "./op.ts";
import { printShape } from "./shape.ts";
import type { Engine, Executable, Tensor, WeightSource } from "./engine.ts";

/** What the suite needs besides the engine. */
export interface TestFiles {
  /** Writes a file that the engine can read; returns its path. */
  writeFile: (bytes: Uint8Array) => Promise<string>;
}

export interface ConformanceCase {
  readonly title: string;
  /** Rejects with a message that says what differs. */
  readonly run: (engine: Engine, files: TestFiles) => Promise<void>;
}

/** Single precision against double, on sums of a few dozen terms: |a − b| ≤ 2e-5 · max(1, |b|). */
const TOLERANCE = 2e-5;

function agree(actual: Tensor, expected: Tensor, what: string): void {
  const same = actual.dtype === expected.dtype && actual.shape.join() === expected.shape.join();
  if (!same)
    throw new Error(
      `${what} is ${actual.dtype} ${printShape(actual.shape)}, not ${expected.dtype} ${printShape(expected.shape)}`,
    );
  expected.data.forEach((value, i) => {
    if (!(Math.abs(actual.data[i] - value) <= TOLERANCE * Math.max(1, Math.abs(value))))
      throw new Error(`${what} ${printShape(expected.shape)} is ${actual.data[i]}, not ${value}, at ${i}`);
  });
}

async function rejects(work: Promise<unknown>, message: RegExp): Promise<void> {
  const outcome = await work.then(
    () => "nothing is thrown",
    (error: unknown) => (error instanceof Error ? error.message : "something else is thrown"),
  );
  if (!message.test(outcome)) throw new Error(`expected an error like ${message}; ${outcome}`);
}

async function using(
  executable: Promise<Executable>,
  work: (executable: Executable) => Promise<void>,
): Promise<void> {
  const opened = await executable;
  try {
    await work(opened);
  } finally {
    await opened.close();
  }
}

/** Numbers from 0 to below 1, the same each time (Lehmer's generator). */
function draws(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

const f32 = (shape: number[], data: number[]): Tensor => ({
  dtype: "f32",
  shape,
  data: Float32Array.from(data),
});

/** Values and gradients of one expression, on one executable for all sizes. */
async function checkCase(engine: Engine, variant: Case, name: string): Promise<void> {
  const expression = variant.build();
  const { y, wrt } = expression;
  const dx = wrt.length > 0 ? gradients([{ output: y, cotangent: op.input("cotangent", y.shape) }], wrt) : [];
  const outputs: Record<string, Node> = { y, ...Object.fromEntries(dx.map((node, i) => [`dx${i}`, node])) };
  await using(engine.open(outputs), async (executable) => {
    const reference = await interpreter().open(outputs);
    for (const [batch, time] of [
      [2, 3],
      [1, 1],
      [3, 2],
      [1, 4],
      [2, 3],
    ]) {
      const sizes = new Map(Object.entries({ batch, time }));
      const inputs = drawInputs(expression, variant, Object.values(outputs), sizes, draws(batch * 10 + time));
      const feeds = Object.fromEntries(
        [...inputs].map(([{ attrs, dtype }, { shape, data }]): [string, Tensor] => [
          attrs.name,
          { dtype, shape, data: dtype === "f32" ? Float32Array.from(data) : Int32Array.from(data) },
        ]),
      );
      const [actual, expected] = [await executable.run(feeds), await reference.run(feeds)];
      for (const key of Object.keys(outputs))
        agree(actual[key], expected[key], `${key} of ${name} at ${batch}x${time}`);
    }
  });
}

const numbers = Array.from({ length: 12 }, (_, i) => (i - 5) / 4);
const bytesOf = {
  F32: new Uint8Array(Float32Array.from(numbers).buffer),
  BF16: new Uint8Array(
    Uint16Array.from(new Uint32Array(Float32Array.from(numbers).buffer), (bits) => bits >>> 16).buffer,
  ),
  // (i − 5)/4 = ± m·2^e, exactly.
  F16: new Uint8Array(
    Uint16Array.from(numbers, (x) => {
      if (x === 0) return 0;
      const exponent = Math.floor(Math.log2(Math.abs(x)));
      return (x < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | ((Math.abs(x) / 2 ** exponent - 1) * 1024);
    }).buffer,
  ),
};

const x = op.input("x", ["rows", 4]);
const w = op.weight("w", [3, 4]);
const product = { y: op.matmul(x, w, { transposeB: true }) };
const source: WeightSource = { data: Float32Array.from(numbers), shape: [3, 4] };
const feed = f32([2, 4], [1, 0, 0, 0, 0, 1, -1, 2]);
const expected = f32([2, 3], [-1.25, -0.25, 0.75, -1.25, 0.75, 2.75]);

const weights: ConformanceCase[] = (["F32", "F16", "BF16"] as const).map((dtype) => ({
  title: `${dtype} weights are read from a file at any offset`,
  run: async (engine, { writeFile }) => {
    for (const lead of [1, 6, 4096]) {
      const bytes = bytesOf[dtype];
      const file = new Uint8Array(lead + bytes.length + 5).fill(0xff);
      file.set(bytes, lead);
      const path = await writeFile(file);
      const found = new Map<string, WeightSource>([
        ["w", { file: path, offset: lead, bytes: bytes.length, dtype, shape: [3, 4] }],
      ]);
      const reference = await interpreter().open(
        product,
        new Map([["w", { data: decode(bytes, dtype), shape: [3, 4] }]]),
      );
      await using(engine.open(product, found), async (executable) => {
        agree((await executable.run({ x: feed })).y, (await reference.run({ x: feed })).y, "y");
      });
    }
  },
}));

/** What every engine must do. Run each as a test of its own. */
export const conformance: readonly ConformanceCase[] = [
  ...Object.entries(opCases).flatMap(([name, variants]) =>
    variants.map((variant, i): ConformanceCase => ({
      title: `${name}${variants.length > 1 ? ` (${i + 1})` : ""} and its gradient agree with the reference at every size`,
      run: async (engine) => checkCase(engine, variant, name),
    })),
  ),
  ...Object.entries(compositeCases).map(([name, variant]): ConformanceCase => ({
    title: `${name} and its gradient agree with the reference at every size`,
    run: async (engine) => checkCase(engine, variant, name),
  })),
  ...weights,
  {
    title: "weights of several files and arrays serve one graph",
    run: async (engine, { writeFile }) => {
      const [a, b] = [await writeFile(bytesOf.F32), await writeFile(bytesOf.BF16)];
      const outputs = { y: op.add(op.add(op.weight("a", [12]), op.weight("b", [12])), op.weight("c", [12])) };
      const found = new Map<string, WeightSource>([
        ["a", { file: a, offset: 0, bytes: 48, dtype: "F32", shape: [12] }],
        ["b", { file: b, offset: 0, bytes: 24, dtype: "BF16", shape: [12] }],
        ["c", { data: Float32Array.from(numbers), shape: [12] }],
      ]);
      await using(engine.open(outputs, found), async (executable) => {
        agree(
          (await executable.run({})).y,
          f32(
            [12],
            numbers.map((value) => 3 * value),
          ),
          "y",
        );
      });
    },
  },
  {
    title: "results stay as they are when the executable runs again, and so do feeds",
    run: async (engine) => {
      await using(engine.open(product, new Map([["w", source]])), async (executable) => {
        const [first, before] = [await executable.run({ x: feed }), [...feed.data]];
        agree(first.y, expected, "the first result");
        await executable.run({
          x: f32(
            [3, 4],
            Array.from({ length: 12 }, () => 7),
          ),
        });
        agree(first.y, expected, "the first result after a second run");
        agree(feed, f32([2, 4], before), "the feed");
      });
    },
  },
  {
    title: "an input, a weight and the same node twice can be outputs",
    run: async (engine) => {
      const outputs = { same: x, w, a: product.y, b: product.y };
      await using(engine.open(outputs, new Map([["w", source]])), async (executable) => {
        const results = await executable.run({ x: feed, unused: feed });
        agree(results.same, feed, "the input");
        agree(results.w, f32([3, 4], numbers), "the weight");
        agree(results.a, expected, "one output");
        agree(results.b, expected, "the other output");
      });
    },
  },
  {
    title: "missing and misshapen feeds are refused by name, and the executable lives on",
    run: async (engine) => {
      const y = op.add(x, op.input("other", ["rows", 1]));
      const good = { x: feed, other: f32([2, 1], [0, 0]) };
      await using(engine.open({ y }), async (executable) => {
        await rejects(executable.run({ x: feed }), /"other" \[rows, 1\] is not fed/);
        await rejects(
          executable.run({ ...good, x: f32([2, 3], [1, 2, 3, 4, 5, 6]) }),
          /"x" is \[rows, 4\], not \[2, 3\]/,
        );
        await rejects(
          executable.run({ ...good, x: f32([8], [...feed.data]) }),
          /"x" is \[rows, 4\], not \[8\]/,
        );
        await rejects(executable.run({ ...good, x: f32([2, 4], [1]) }), /"x" \[2, 4\] holds 1 numbers/);
        await rejects(
          executable.run({ ...good, other: f32([3, 1], [0, 0, 0]) }),
          /"other" is \[rows, 1\], not \[3, 1\]/,
        );
        await rejects(
          executable.run({ ...good, x: { dtype: "i32", shape: [2, 4], data: new Int32Array(8) } }),
          /"x" is f32, not i32/,
        );
        agree((await executable.run(good)).y, feed, "y");
      });
    },
  },
  {
    title: "missing and misshapen weights are refused by name",
    run: async (engine) => {
      await rejects(engine.open(product), /"w" \[3, 4\] is not given/);
      const turned = { data: Float32Array.from(numbers), shape: [4, 3] };
      await rejects(engine.open(product, new Map([["w", turned]])), /"w" is \[3, 4\], not \[4, 3\]/);
      const short: WeightSource = { file: "unread", offset: 0, bytes: 47, dtype: "F32", shape: [3, 4] };
      await rejects(engine.open(product, new Map([["w", short]])), /"w" \[3, 4\] takes 48, not 47 bytes/);
    },
  },
  {
    title: "a closed executable refuses to run, and closing twice is harmless",
    run: async (engine) => {
      const executable = await engine.open(product, new Map([["w", source]]));
      await executable.close();
      await executable.close();
      await rejects(executable.run({ x: feed }), /closed/);
    },
  },
];
