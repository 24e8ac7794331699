import { setTimeout as sleep } from "node:timers/promises";
import type { Device } from "@espalier/contract";
import type { BeatAnswer } from "@espalier/store";
import { afterEach, expect, it } from "vitest";
import { SelfTests } from "./self-tests.ts";
import { Slot } from "./slot.ts";

const running: SelfTests[] = [];
afterEach(async () => {
  for (const each of running.splice(0)) await each.stop();
});

/** A worker with two devices; `answers` say how the tests of the first one end, the last one for ever. */
function open(answers: (string | undefined)[], { tries = 3, reports = async () => {} } = {}) {
  const slots = ["a", "b"].map((id) => new Slot({ id, address: id } as Device));
  const world = { slots, tested: [] as number[], told: [] as string[], errors: 0 };
  const selfTests = new SelfTests({
    slots,
    isHostReady: () => true,
    tries,
    pauses: { first: 0.01, most: 0.02 },
    async test(position) {
      world.tested.push(position);
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      if (answer !== undefined) throw new Error(answer);
    },
    holds: {
      async tested(deviceId, { passed, last, reason }) {
        await reports();
        world.told.push(`${deviceId} ${passed ? "passed" : "failed"}${last ? " last" : ""}: ${reason}`);
      },
    },
    onError: () => world.errors++,
    onChange: () => undefined,
  });
  running.push(selfTests);
  const order = (...holds: BeatAnswer["holds"]) => selfTests.ordered({ holds });
  const told = async (count: number) => {
    while (world.told.length < count) await sleep(2);
  };
  return { world, order, told };
}
const held = (times = 1, deviceId = "a") => ({ deviceId, cause: "failures" as const, times });

it("tests a held device until a test passes, and no other", async () => {
  const { world, order, told } = open(["No engine.", undefined]);
  order(held(), { deviceId: "b", cause: "cordon" });
  order(held());
  await told(2);
  expect(world.tested).toEqual([0, 0]);
  expect(world.told).toEqual([
    "a failed: number 1 of 3 failed. The next one is in 0.02 s. Error: No engine.",
    "a passed: Its self-test passed.",
  ]);
  order(held());
  order();
  order(held(2));
  await told(3);
  expect(world.told[2]).toBe("a passed: Its self-test passed.");
});

it("leaves a device that keeps failing to an operator, and tests it again once that has released it", async () => {
  const { world, order, told } = open(["No engine."], { tries: 2 });
  order(held());
  await told(2);
  expect(world.told[1]).toBe(
    "a failed last: number 2 of 2 failed. No more tests: mend it, then uncordon it or start its worker again. Error: No engine.",
  );
  order(held());
  await sleep(50);
  expect(world.tested).toHaveLength(2);
  order();
  order(held());
  await told(4);
  expect(world.tested).toHaveLength(4);
});
