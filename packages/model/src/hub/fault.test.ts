import { expect, test } from "vitest";
import { defaultLimits } from "./access.ts";
import { Fault, Patience, waitAskedFor } from "./fault.ts";

const now = Date.parse("2026-11-25T12:00:00Z");

test.each([
  [{ "retry-after": "7" }, 7],
  [{ "retry-after": "Wed, 25 Nov 2026 12:00:30 GMT" }, 30],
  [{ "retry-after": "Wed, 25 Nov 2026 11:00:00 GMT" }, 0],
  [{ ratelimit: '"resolvers";r=0;t=55' }, 55],
  [{ "retry-after": "soon", ratelimit: '"api";r=0;t=3' }, 3],
  [{ "retry-after": "-1" }, undefined],
  [{}, undefined],
])("%o asks to wait %s s", (headers, seconds) => expect(waitAskedFor(headers, now)).toBe(seconds));

const limits = { ...defaultLimits, faults: 3, pauseSeconds: 0.001, progressBytes: 100 };
const { signal } = new AbortController();
const patience = () => new Patience({ limits, faults: () => limits.faults, signal });

test("patience ends after too many faults in a row, and says what happened", async () => {
  const each = patience();
  for (let i = 0; i < 3; i++) await each.failed(new Fault("the hub answered 503"));
  await expect(each.failed(new Fault("the hub answered 503"))).rejects.toMatchObject({
    code: "hub/unavailable",
    message: expect.stringMatching(/^the hub answered 503, 4 times in a row/) as string,
  });
});

test("progress between two faults restores it; a trickle does not", async () => {
  const each = patience();
  for (let i = 0; i < 20; i++) {
    each.received(100);
    await each.failed(new Fault("the connection broke"));
  }
  for (let i = 0; i < 2; i++) {
    each.received(10);
    await each.failed(new Fault("the connection broke"));
  }
  await expect(each.failed(new Fault("the connection broke"))).rejects.toMatchObject({
    code: "hub/unavailable",
  });
});

test("a wait beyond reason ends it at once", async () => {
  const fault = new Fault("the hub answered 429", { retryAfter: 3600 });
  await expect(patience().failed(fault)).rejects.toThrow(/asks to wait 3600 s/);
});

test("faults that go on are reported, and a wait that the server asked for is reported at once", async () => {
  const told: string[] = [];
  const each = new Patience({ limits, faults: () => 3, signal, warn: (line) => told.push(line) });
  for (let i = 0; i < 3; i++) await each.failed(new Fault("the hub answered 503"));
  expect(told).toEqual(["the hub answered 503; the next try is in 1 s."]);
  const asked = new Patience({ limits, faults: () => 3, signal, warn: (line) => told.push(line) });
  await asked.failed(new Fault("the hub answered 429", { retryAfter: 0.01 }));
  expect(told).toHaveLength(2);
});

test("what is no fault is not tried again", async () => {
  await expect(patience().failed(new RangeError("mine"))).rejects.toThrow("mine");
});

test("the pause ends when the download is stopped", async () => {
  const stop = new AbortController();
  const waiting = new Patience({ limits: defaultLimits, faults: () => 3, signal: stop.signal }).failed(
    new Fault("the hub answered 429", { retryAfter: 500 }),
  );
  stop.abort();
  await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
});
