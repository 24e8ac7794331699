import { expect, test } from "vitest";
import { PlanThread } from "./thread.ts";

const empty = {
  now: 0,
  queued: [],
  running: [],
  devices: [],
  teams: [],
  users: [],
  history: [],
  reservations: [],
};
const asked = {
  run: {
    id: "run_1",
    teamId: "team",
    userId: "team",
    class: "normal",
    priority: 0,
    queuedAt: 0,
    notBefore: null,
    needs: { devices: 1, kinds: [], labels: [], memoryBytes: null, shares: true },
    historyKeys: ["prune"],
    nominal: { seconds: 60, paceKeys: ["pace/prune"] },
  },
  kind: "prune",
  dependsOn: [],
} as const;
const question = { snapshot: empty, asked: [asked], teamId: "team" };

test("a plan is made in a thread, one after the other, and after an error and a stop too", async () => {
  const thread = new PlanThread();
  const plans = await Promise.all([thread.plan(question), thread.plan(question)]);
  expect(plans).toEqual([plans[0], plans[0]]);
  expect(plans[0]).toMatchObject({
    runs: [{ kind: "prune", fitting: 0, basis: "usual-pace", duration: { likely: 60 } }],
  });
  await expect(thread.plan({ ...question, asked: [{} as never] })).rejects.toThrow("TypeError");
  expect((await thread.plan(question)).runs).toHaveLength(1);
  await thread.stop();
  expect((await thread.plan(question)).runs).toHaveLength(1);
  await thread.stop();
}, 30_000);

test("a plan that takes too long is told as one, and the next has a thread of its own", async () => {
  const thread = new PlanThread(1);
  await expect(thread.plan(question)).rejects.toMatchObject({ code: "service/unavailable" });
  await thread.stop();
});
