import { isProblem } from "@espalier/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkRegistration, type NewDevice, type NewWorker } from "./registration.ts";

const card = (index: number, more: Partial<NewDevice> = {}): NewDevice => ({
  address: `cuda:${index}`,
  identity: `cuda:GPU-${index}`,
  kind: "cuda",
  name: "NVIDIA H100 80GB HBM3",
  engine: "onnx-cuda",
  memoryBytes: 85_520_809_984,
  ...more,
});
const worker = (more: Partial<NewWorker> = {}): NewWorker => ({
  name: "gpu-1",
  host: "gpu-1.example.org",
  version: "0.1.0",
  labels: { zone: "a", "team-only": "nlp", "kubernetes.io/arch": "amd64" },
  devices: [card(0), card(1)],
  ...more,
});
const refusal = (given: NewWorker): { field?: string; message: string } => {
  try {
    checkRegistration(given);
  } catch (error) {
    if (isProblem(error) && error.code === "worker/refused")
      return {
        message: error.message,
        ...(error.facts.field === undefined ? {} : { field: error.facts.field }),
      };
    throw error;
  }
  throw new Error("it was not refused");
};

describe("a registration", () => {
  it("passes when it can be true", () => {
    expect(() => checkRegistration(worker())).not.toThrow();
    expect(() =>
      checkRegistration(worker({ devices: [card(0, { freeBytes: 85_520_809_984 })] })),
    ).not.toThrow();
    expect(() =>
      checkRegistration(worker({ devices: [card(0, { memoryBytes: 0, freeBytes: 5 })] })),
    ).not.toThrow();
  });

  it.each<[string, Partial<NewWorker>, string, string]>([
    [
      "negative memory",
      { devices: [card(0, { memoryBytes: -1 })] },
      "/devices/0/memoryBytes",
      "cuda:0 cannot have -1 bytes",
    ],
    ["a petabyte", { devices: [card(0, { memoryBytes: 2 ** 51 })] }, "/devices/0/memoryBytes", "cannot have"],
    ["half a byte", { devices: [card(0, { memoryBytes: 0.5 })] }, "/devices/0/memoryBytes", "0.5 bytes"],
    [
      "more free than there is",
      { devices: [card(0), card(1, { freeBytes: 90e9 })] },
      "/devices/1/freeBytes",
      "90000000000 of its 85520809984",
    ],
    [
      "less than nothing free",
      { devices: [card(0, { freeBytes: -5 })] },
      "/devices/0/freeBytes",
      "-5 bytes free",
    ],
    [
      "a device twice",
      { devices: [card(0), card(1), card(2, { identity: "cuda:GPU-0" })] },
      "/devices/2/identity",
      "devices 0 and 2 are both",
    ],
    [
      "an address twice",
      { devices: [card(0), card(1, { address: "cuda:0" })] },
      "/devices/1/identity",
      "devices 0 and 1",
    ],
    [
      "ten thousand devices",
      { devices: Array.from({ length: 10_000 }, (_, i) => card(i)) },
      "/devices",
      "10000 devices",
    ],
    ["no device", { devices: [] }, "/devices", "no device"],
    [
      "a kind that is none",
      { devices: [card(0, { kind: "abacus" as "cpu" })] },
      "/devices/0/kind",
      '"abacus" is no kind',
    ],
    ["a label with a space", { labels: { "a b": "c" } }, "/labels/a b", '"a b"="c"'],
    ["a label without a value", { labels: { a: "" } }, "/labels/a", '"a"=""'],
    ["a label of a page", { labels: { a: "x".repeat(5000) } }, "/labels/a", "1 to 63"],
    [
      "33 labels",
      { labels: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`l${i}`, "x"])) },
      "/labels",
      "33 labels",
    ],
    ["an empty name", { name: " " }, "/name", "/name is empty"],
    ["a name with a bell", { name: "a\u0007" }, "/name", "control characters"],
    ["a name of a page", { name: "x".repeat(300) }, "/name", "300 characters"],
  ])("with %s is refused, naming the field", (_what, more, field, words) => {
    const { field: named, message } = refusal(worker(more));
    expect(named).toBe(field);
    expect(message).toContain(words);
    expect(message.length).toBeLessThan(400);
  });

  it("passes or is refused, whatever its shape, and never fails in another way", () => {
    const text = fc.oneof(fc.string(), fc.constantFrom("cuda:0", "cpu", "GPU-1"));
    const device = fc.record({
      address: text,
      identity: text,
      kind: fc.constantFrom("cpu", "cuda", "x") as fc.Arbitrary<"cpu">,
      name: text,
      engine: text,
      memoryBytes: fc.oneof(fc.integer(), fc.double(), fc.constant(2 ** 60)),
    });
    const arbitrary = fc.record({
      name: text,
      host: text,
      version: text,
      labels: fc.dictionary(fc.string(), fc.string()),
      devices: fc.array(device, { maxLength: 5 }),
    });
    fc.assert(
      fc.property(arbitrary, (given) => {
        try {
          checkRegistration(given);
        } catch (error) {
          expect(error).toMatchObject({ code: "worker/refused" });
          return;
        }
        for (const { memoryBytes } of given.devices) expect(memoryBytes).toBeGreaterThanOrEqual(0);
        expect(new Set(given.devices.map(({ identity }) => identity)).size).toBe(given.devices.length);
      }),
    );
  });
});
