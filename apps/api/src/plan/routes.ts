import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import {
  dependenciesOf,
  newId,
  Plan,
  PlanRequest,
  Problem,
  type ExperimentSpec,
  type RunCreate,
} from "@espalier/contract";
import { KeptQueue, queuedAs, type NewRun, type Store } from "@espalier/store";
import type { FastifyRequest } from "fastify";
import { member } from "../auth/access.ts";
import { ownerOf, teamOf } from "../auth/principal.ts";
import { withAddresses } from "../experiments/addresses.ts";
import { checkExperiment } from "../experiments/check.ts";
import { expected } from "../experiments/expected.ts";
import { checkSpec } from "../runs/check.ts";
import { checkNeeds } from "../runs/needs.ts";
import { expectationsOf } from "../runs/origin.ts";
import { PlanThread } from "./thread/thread.ts";

type Planned = NewRun & { id: string };

/** What would become of a submission: the planner is asked, and nothing is written. */
export const plans: FastifyPluginAsyncTypebox<{ store: Store }> = async (app, { store }) => {
  const queue = new KeptQueue();
  const thread = new PlanThread();
  app.addHook("onClose", () => thread.stop());
  // The kept queue has one reader, and snapshots of others would only fill memory.
  let last: Promise<unknown> = Promise.resolve();

  async function ofRun(run: RunCreate, teamId: string): Promise<Planned[]> {
    await checkSpec(run.spec, { store, teamId, field: "/run/spec" });
    await checkNeeds(run.needs, { store, field: "/run/needs" });
    return [
      { id: newId("run"), ...run, ...(await expectationsOf(run, { store, teamId, field: "/run/needs" })) },
    ];
  }

  /** The runs that would be computed; those whose results are there already are told apart. */
  async function ofExperiment(spec: ExperimentSpec, teamId: string) {
    await checkExperiment(spec, store, teamId);
    const expanded = await expected(spec, store, teamId);
    const runs = await withAddresses(expanded, store, teamId);
    const found = spec.fresh
      ? new Map<string, never>()
      : await store.runs.addressed(
          teamId,
          runs.map(({ address }) => address),
        );
    const reused = runs.flatMap(({ address, role, variant }) => {
      const run = found.get(address);
      return run
        ? [{ runId: run.id, state: run.state, role, ...(variant === undefined ? {} : { variant }) }]
        : [];
    });
    return { runs: runs.filter(({ address }) => !found.has(address)), reused };
  }

  async function planFor(request: FastifyRequest, runs: readonly Planned[]): Promise<Plan> {
    const { createdBy: _createdBy, ...owner } = ownerOf(request);
    const seconds = await Promise.all(runs.map(({ work }) => store.runs.nominalSeconds(owner.teamId, work)));
    const inQueue = (run: Planned, i: number, now: number) =>
      queuedAs({ ...run, ...owner }, { now, predictedSeconds: seconds[i] ?? null });
    const keys = runs.flatMap((run, i) => {
      const { historyKeys, nominal } = inQueue(run, i, 0);
      return [historyKeys, nominal?.paceKeys ?? []];
    });
    const snapshot = await store.dispatch.snapshot(queue, keys);
    return thread.plan({
      snapshot,
      teamId: owner.teamId,
      asked: runs.map((run, i) => ({
        run: inQueue(run, i, snapshot.now),
        kind: run.spec.kind,
        ...(run.role && { role: run.role }),
        ...(run.variant !== undefined && { variant: run.variant }),
        // What is reused is there, or is about to be.
        dependsOn: [...dependenciesOf(run.spec), ...(run.dependsOn ?? [])].filter(
          (id) => run.role === undefined || runs.some((other) => other.id === id),
        ),
      })),
    });
  }

  app.post(
    "/plan",
    { config: { ...member, reads: true }, schema: { body: PlanRequest, response: { 200: Plan } } },
    async (request) => {
      const { run, experiment } = request.body;
      if ((run === undefined) === (experiment === undefined))
        throw new Problem(
          "request/invalid",
          "Say what is to be planned: give either `run` or `experiment`.",
          {
            field: "/run",
          },
        );
      const teamId = teamOf(request);
      const { runs, reused } = run
        ? { runs: await ofRun(run, teamId), reused: [] }
        : await ofExperiment(experiment!, teamId);
      if (runs.length === 0) return { at: new Date().toISOString(), runs: [], deviceHours: 0, reused };
      const planned = last.then(() => planFor(request, runs));
      last = planned.catch(() => undefined);
      return { ...(await planned), ...(reused.length > 0 ? { reused } : {}) };
    },
  );
};
