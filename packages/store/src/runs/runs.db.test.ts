import { isTerminal, newId, resolveSpec, runMoves, type RunState } from "@espalier/contract";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTestStore, problemOf, type TestStore } from "../../../../test/servers/store.ts";

let store: TestStore;
beforeAll(async () => void (store = await openTestStore()));
afterAll(() => store.discard());

const stateOf = async (runId: string) => (await store.runs.get(store.teamId, runId)).state;
const succeed = async (runId: string) =>
  store.leases.succeed((await store.claimed(runId)).lease, { result: { modelId: newId("model") } });
const fail = async (runId: string) =>
  store.leases.fail((await store.claimed(runId)).lease, problemOf("training/diverged"));

it("is stored as it was asked for, and beside it with the defaults of its submission", async () => {
  const spec = { kind: "search", model: newId("model"), datasetId: newId("dataset") } as const;
  const run = await store.runs.submit({ teamId: store.teamId, spec });
  expect(run.spec).toEqual(spec);
  expect(run.resolved).toEqual(resolveSpec(spec));
  expect((await store.claimed(run.id)).run.resolved).toEqual(run.resolved);
});

describe("a run that depends on others", () => {
  it("is queued when the last of them has succeeded", async () => {
    const [a, b] = [await store.submit(), await store.submit()];
    const c = await store.submit([a.id, b.id]);
    expect(c).toMatchObject({ state: "WAITING", dependsOn: [a.id, b.id].sort() });
    expect(c).not.toHaveProperty("queuedAt");
    await succeed(a.id);
    expect(await stateOf(c.id)).toBe("WAITING");
    await succeed(b.id);
    expect(await store.runs.get(store.teamId, c.id)).toMatchObject({
      state: "QUEUED",
      queuedAt: expect.any(String) as string,
    });
    expect((await store.submit([a.id])).state).toBe("QUEUED");
  });

  it("is queued once when its dependencies end at the same moment", async () => {
    for (let round = 0; round < 10; round++) {
      const deps = await Promise.all([store.submit(), store.submit(), store.submit()]);
      const { id } = await store.submit(deps.map((dep) => dep.id));
      await Promise.all(deps.map((dep) => succeed(dep.id)));
      expect(await stateOf(id)).toBe("QUEUED");
    }
  });

  it("is skipped, with all that depend on it, when one of them fails, and says which", async () => {
    const a = await store.submit();
    const b = await store.submit([a.id]);
    const c = await store.submit([b.id]);
    await fail(a.id);
    expect(await store.runs.get(store.teamId, b.id)).toMatchObject({
      state: "SKIPPED",
      problem: { code: "run/upstream-failed", runId: a.id },
    });
    expect(await stateOf(c.id)).toBe("SKIPPED");
    await expect(store.submit([c.id])).rejects.toMatchObject({ code: "run/upstream-failed" });
  });

  it("is queued again when the run that failed is retried", async () => {
    const a = await store.submit();
    const other = await store.submit();
    const b = await store.submit([a.id]);
    const c = await store.submit([b.id, other.id]);
    await fail(a.id);
    await expect(store.runs.retry(store.teamId, c.id)).rejects.toMatchObject({
      code: "run/upstream-failed",
      facts: { runId: b.id },
    });
    expect(await store.runs.retry(store.teamId, a.id)).toMatchObject({ state: "QUEUED", attempt: 1 });
    expect([await stateOf(b.id), await stateOf(c.id)]).toEqual(["WAITING", "WAITING"]);
    await succeed(a.id);
    await succeed(other.id);
    await succeed(b.id);
    expect(await stateOf(c.id)).toBe("QUEUED");
    expect(await store.runs.get(store.teamId, a.id)).not.toHaveProperty("problem");
  });
});

describe("cancelling", () => {
  it("ends a run that is not RUNNING at once, may be repeated, and is refused for a run that has ended", async () => {
    const a = await store.submit();
    const b = await store.submit([a.id]);
    expect(await store.runs.cancel(store.teamId, a.id)).toMatchObject({ state: "CANCELLED" });
    expect(await stateOf(b.id)).toBe("SKIPPED");
    expect(await store.runs.cancel(store.teamId, a.id)).toMatchObject({ state: "CANCELLED" });
    const done = await store.submit();
    await succeed(done.id);
    await expect(store.runs.cancel(store.teamId, done.id)).rejects.toMatchObject({
      code: "run/illegal-move",
    });
    await expect(store.runs.retry(store.teamId, done.id)).rejects.toMatchObject({ code: "run/illegal-move" });
  });
});

describe("reading", () => {
  it("pages newest first without gaps while runs are added, and filters", async () => {
    const ids: string[] = [];
    for (let i = 0; i < 7; i++) ids.push((await store.submit()).id);
    const seen: string[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await store.runs.list(store.teamId, { limit: 3, ...(cursor ? { cursor } : {}) });
      seen.push(...page.items.map(({ id }) => id));
      await store.submit();
      cursor = page.cursor;
      if (cursor === undefined) break;
    }
    expect(seen).toEqual([...seen].sort().reverse());
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual(expect.arrayContaining(ids));
    const queued = await store.runs.list(store.teamId, { state: "QUEUED", kind: "train" });
    expect(queued.items).toEqual([]);
  });

  it("shows a team nothing of another team", async () => {
    const { id: stranger } = await store.teams.ensure("strangers");
    const { id } = await store.submit();
    const missing = { code: "resource/not-found" };
    await expect(store.runs.get(stranger, id)).rejects.toMatchObject(missing);
    await expect(store.runs.cancel(stranger, id)).rejects.toMatchObject(missing);
    await expect(store.runs.attempts(stranger, id)).rejects.toMatchObject(missing);
    await expect(store.metrics.list(stranger, id)).rejects.toMatchObject(missing);
    await expect(store.logs.list(stranger, id)).rejects.toMatchObject(missing);
    expect((await store.runs.list(stranger)).items).toEqual([]);
    expect((await store.events.read(stranger)).events).toEqual([]);
  });
});

describe("any sequence of calls", () => {
  const call = fc.record({
    what: fc.constantFrom(
      "claim",
      "claim",
      "succeed",
      "fail",
      "lose",
      "crash",
      "return",
      "cancel",
      "cancelled",
      "retry",
      "place",
      "place",
      "expire",
      "sweep",
    ),
    run: fc.nat(3),
    lease: fc.nat(5),
  });

  it("moves runs only as the contract allows, counts attempts upwards, and commits once", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 5, maxLength: 30 }), async (calls) => {
        const after = await store.events.position();
        const a = await store.submit();
        const b = await store.submit([a.id]);
        const c = await store.submit();
        const d = await store.submit([b.id, c.id]);
        const runs = [a.id, b.id, c.id, d.id];
        const leases: { runId: string; attempt: number; workerId: string }[] = [];
        for (const { what, run, lease: which } of calls) {
          const runId = runs[run];
          const lease = leases[which % Math.max(1, leases.length)];
          try {
            if (what === "claim") {
              const claim = await store.leases.claim({ runId, workerId: store.workerId });
              if (claim) leases.push(claim.lease);
            } else if (what === "cancel") await store.runs.cancel(store.teamId, runId);
            else if (what === "retry") await store.runs.retry(store.teamId, runId);
            else if (what === "place") await store.placed(runId);
            else if (what === "sweep") await store.leases.sweepExpired(0);
            else if (what === "expire")
              await store.sql(
                "update run set lease_until = now() - interval '1 s' where id = $1 and state = 'RUNNING'",
                [runId],
              );
            else if (lease && what === "succeed")
              await store.leases.succeed(lease, { result: { modelId: newId("model") } });
            else if (lease && what === "fail") await store.leases.fail(lease, problemOf("training/diverged"));
            else if (lease && what === "lose") await store.leases.fail(lease, problemOf("worker/lost"));
            else if (lease && what === "crash")
              await store.leases.fail(lease, problemOf("worker/child-crashed"));
            else if (lease && what === "return") await store.leases.giveBack(lease);
            else if (lease && what === "cancelled") await store.leases.cancelled(lease);
          } catch (error) {
            expect((error as { code?: string }).code).toMatch(/^(run|lease)\//);
          }
        }

        await store.settled();
        const { events } = await store.events.read(store.teamId, { after, limit: 1000 });
        for (const runId of runs) {
          const states = events.flatMap((event) =>
            event.type === "run.state" && event.runId === runId ? [event] : [],
          );
          for (const [i, { state, attempt }] of states.entries()) {
            const before = states[i - 1];
            if (!before) continue;
            expect(runMoves[before.state] as readonly RunState[]).toContain(state);
            expect(attempt - before.attempt).toBe(state === "RUNNING" ? 1 : 0);
          }
          const run = await store.runs.get(store.teamId, runId);
          const attempts = await store.runs.attempts(store.teamId, runId);
          expect(states.at(-1)?.state).toBe(run.state);
          expect(attempts.map(({ number }) => number)).toEqual(attempts.map((_, i) => i + 1));
          expect(attempts.filter(({ state }) => state === "RUNNING").length).toBe(
            run.state === "RUNNING" ? 1 : 0,
          );
          expect(attempts.filter(({ state }) => state === "SUCCEEDED").length).toBe(
            run.state === "SUCCEEDED" ? 1 : 0,
          );
          expect(run.endedAt !== undefined).toBe(isTerminal(run.state));
          const upstream = await Promise.all(run.dependsOn.map(stateOf));
          if (run.state === "WAITING") {
            expect(upstream.every((state) => state === "SUCCEEDED")).toBe(false);
            expect(upstream.some((state) => isTerminal(state) && state !== "SUCCEEDED")).toBe(false);
          }
        }
      }),
      { numRuns: 25 },
    );
  });
});
