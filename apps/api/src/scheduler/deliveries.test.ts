import { expect, it } from "vitest";
import { Deliveries } from "./deliveries.ts";

const delivery = (n: number) => ({ runId: `run_${n}`, dispatch: 1, worker: "w" });

it("keeps deliveries that the queue does not take, says so once, and delivers them when it is back", async () => {
  const rung: string[] = [];
  const said: number[] = [];
  let refused: (runId: string) => boolean = () => true;
  const deliveries = new Deliveries({
    async ring({ runId }) {
      if (refused(runId)) throw new Error("away");
      rung.push(runId);
    },
    onAway: (_error, waiting) => said.push(waiting),
  });
  await deliveries.deliver([delivery(1), delivery(2)]);
  await deliveries.retry();
  expect([rung, said]).toEqual([[], [2]]);
  // One that is never taken keeps none of the others.
  refused = (runId) => runId === "run_1";
  await deliveries.deliver([delivery(3)]);
  await deliveries.retry();
  await deliveries.retry();
  expect(rung.sort()).toEqual(["run_2", "run_3"]);
  refused = () => false;
  await deliveries.retry();
  await deliveries.retry();
  expect(rung.sort()).toEqual(["run_1", "run_2", "run_3"]);
  expect(said).toEqual([2, 1]);
});
