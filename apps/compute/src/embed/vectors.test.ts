import { expect, test } from "vitest";
import { formatVectors, npyHeader } from "./vectors.ts";

/** Two rows, in two batches. */
async function* rows() {
  yield [Float32Array.of(1, -2, 3.5)];
  yield [Float32Array.of(0.1, 1e-8, 7)];
}

async function bytes(parts: AsyncIterable<string | Uint8Array>): Promise<Buffer> {
  const list: Uint8Array[] = [];
  for await (const part of parts) list.push(Buffer.from(part));
  return Buffer.concat(list);
}

test("lines of JSON read back as the same floats", async () => {
  const bits = new Uint32Array(3000);
  for (let i = 0; i < bits.length; i++) bits[i] = (Math.imul(i + 1, 2654435761) ^ (i * 40503)) >>> 0;
  const floats = new Float32Array(bits.buffer).filter(Number.isFinite);
  expect(floats.length).toBeGreaterThan(2900);
  const text = await bytes(
    formatVectors.json(
      (async function* () {
        yield [floats, floats.slice(0, 2)];
      })(),
      floats.length,
    ),
  );
  const [first, second, end] = text.toString().split("\n");
  expect(Float32Array.from(JSON.parse(first!) as number[])).toEqual(floats);
  expect(JSON.parse(second!)).toHaveLength(2);
  expect(end).toBe("");
});

test("f32 is the rows in little endian", async () => {
  const raw = await bytes(formatVectors.f32(rows(), 3));
  expect(raw).toHaveLength(24);
  expect(raw.readFloatLE(8)).toBe(3.5);
  expect(raw.readFloatLE(20)).toBe(7);
});

test("npy is what NumPy writes", async () => {
  // NumPy 2.2.6: np.save(file, np.array([[1, -2, 3.5], [0.1, 1e-8, 7]], dtype="<f4"))
  const saved = await bytes(formatVectors.npy(rows(), 3));
  expect(saved.subarray(0, 10).toString("hex")).toBe("934e554d505901007600");
  const literal = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  expect(saved.subarray(10, 128).toString("latin1")).toBe(`${literal.padEnd(117)}\n`);
  expect(saved.subarray(128).toString("hex")).toBe("0000803f000000c000006040cdcccc3d77cc2b320000e040");
});

test("the header of an npy file ends on 64 bytes with a line end, whatever its numbers", () => {
  for (const count of [0, 9, 12_345, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
    const header = Buffer.from(npyHeader(count, 4096));
    expect(header.length % 64).toBe(0);
    expect(header.readUInt16LE(8)).toBe(header.length - 10);
    expect(header.toString("latin1")).toMatch(new RegExp(`\\(${count}, 4096\\), \\} *\\n$`));
  }
});

test("npy waits for all rows before it says how many they are, and gives back what a failure leaves", async () => {
  async function* failing() {
    yield [Float32Array.of(1)];
    throw new Error("the model broke");
  }
  await expect(bytes(formatVectors.npy(failing(), 1))).rejects.toThrow("the model broke");
});
