import { Problem, type MetricPoint } from "@espalier/contract";
import { afterEach, describe, expect, it } from "vitest";
import { Telemetry, type TelemetryOptions } from "./telemetry.ts";

const lease = { runId: "run_1", attempt: 1, workerId: "wrk_1" };
const open: Telemetry[] = [];
afterEach(() => {
  for (const telemetry of open.splice(0)) telemetry.stop();
});

/** Telemetry to a database that answers as `respond` says. */
function start(options: TelemetryOptions = {}) {
  const batches: MetricPoint[][] = [];
  const lines: string[] = [];
  const world = { respond: async (): Promise<void> => undefined, batches, lines };
  const target = {
    metrics: {
      async append(_lease: unknown, points: readonly MetricPoint[]) {
        await world.respond();
        batches.push([...points]);
      },
    },
    logs: {
      async append(_lease: unknown, sent: readonly { message: string }[]) {
        await world.respond();
        lines.push(...sent.map(({ message }) => message));
      },
    },
  };
  const telemetry = new Telemetry(target, lease, { flushMilliseconds: 1e6, ...options });
  open.push(telemetry);
  return { telemetry, world };
}
const points = (from: number, count: number): MetricPoint[] =>
  Array.from({ length: count }, (_, i) => ({ name: "loss", step: from + i, value: 1 }));
const away = async () => {
  throw new Problem("service/unavailable", "away");
};

describe("telemetry", () => {
  it("is flushed up to the call, though reports never cease", async () => {
    const { telemetry, world } = start({ batch: 10 });
    let step = 0;
    world.respond = async () => telemetry.metrics(points((step += 100), 100));
    telemetry.metrics(points(0, 5));
    expect(await telemetry.flush()).toBe(true);
    expect(world.batches.flat().map(({ step }) => step)).toEqual(expect.arrayContaining([0, 1, 2, 3, 4]));
    expect(telemetry.empty).toBe(false);
  });

  it("goes in larger batches while more waits, and in smaller ones after the database took none", async () => {
    const { telemetry, world } = start({ batch: 100 });
    telemetry.metrics(points(0, 20_000));
    await telemetry.flush();
    expect(world.batches[0]).toHaveLength(100);
    expect(Math.max(...world.batches.map(({ length }) => length))).toBe(1000);
    world.respond = away;
    telemetry.metrics(points(30_000, 50));
    for (let tries = 0; tries < 12; tries++) expect(await telemetry.flush()).toBe(false);
    world.batches.length = 0;
    world.respond = async () => undefined;
    expect(await telemetry.flush()).toBe(true);
    expect(world.batches[0]).toHaveLength(10);
    expect(world.batches.flat()).toHaveLength(50);
  });

  it("keeps no more than its bounds, and says what it dropped", async () => {
    const { telemetry, world } = start({ most: 100, mostCharacters: 2000 });
    world.respond = away;
    telemetry.metrics(points(0, 150));
    for (let i = 0; i < 30; i++) telemetry.log("info", `line ${i}`);
    expect(await telemetry.flush()).toBe(false);
    world.respond = async () => undefined;
    await telemetry.flush();
    await telemetry.flush();
    expect(world.batches.flat().map(({ step }) => step)).toEqual(points(50, 100).map(({ step }) => step));
    expect(world.lines.slice(0, -1).at(-1)).toBe("line 29");
    expect(world.lines.at(-1)).toMatch(
      /^The database was slow .*: 50 metric points of steps 0 to 49 and \d+ log lines were dropped\.$/,
    );
    expect(telemetry.empty).toBe(true);
  });

  it("ends when another attempt holds the run", async () => {
    let lost = false;
    const { telemetry, world } = start({ onLost: () => (lost = true) });
    world.respond = async () => {
      throw new Problem("lease/lost", "lost");
    };
    telemetry.metrics(points(0, 1));
    expect(await telemetry.flush()).toBe(false);
    expect([lost, telemetry.empty]).toEqual([true, true]);
  });
});
