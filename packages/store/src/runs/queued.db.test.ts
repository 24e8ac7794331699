import { newId } from "@espalier/contract";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";

let store: TestStore;
beforeAll(async () => void (store = await openTestStore()));
afterAll(() => store.discard());

it("says of an own run which model it is about, whose it is, and for which runs it waits", async () => {
  const model = newId("model");
  await store.sql("insert into model (id, team_id, name, state) values ($1, $2, 'smollm2', 'IMPORTING')", [
    model,
    store.teamId,
  ]);
  const [blocker, unrelated, waiting] = [
    await store.submit(),
    await store.submit(),
    await store.submit([], { modelId: model }),
  ];
  const { lease } = await store.claimed(blocker.id);
  const progress = { phase: "train", done: 162, total: 2552, unit: "steps" };
  await store.beat(lease, progress);
  const stranger = await store.teams.ensure("strangers");
  const theirs = await store.runs.submit({ teamId: stranger.id, spec: waiting.spec });
  const told = (runId: string, runIds: string[]) =>
    store.sql(`insert into run_waiting (run_id, reason, position, unblocked_by) values ($1, $2, 1, $3)`, [
      runId,
      { code: "waiting-for-device", matching: 1, ahead: 0 },
      JSON.stringify([{ by: "runs", runIds, others: 1 }, { by: "quota" }]),
    ]);
  await told(waiting.id, [blocker.id, theirs.id]);

  const { items } = await store.queued.page(store.teamId);
  const entry = items.find(({ runId }) => runId === waiting.id)!;
  expect(entry).toMatchObject({ model: "smollm2", user: "default" });
  // Nothing is told of another team's run, whatever the scheduler has written down.
  expect(entry.blockers).toEqual([{ runId: blocker.id, kind: "prune", state: "RUNNING", progress }]);
  expect(items.find(({ runId }) => runId === unrelated.id)).not.toHaveProperty("blockers");
  const other = items.find(({ own }) => !own)!;
  expect(Object.keys(other).sort()).toEqual(["class", "own", "queuedAt"]);
});
