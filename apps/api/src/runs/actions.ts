import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import {
  isProblem,
  isTerminal,
  mostActedOn,
  Problem,
  RunActionRequest,
  RunActionResult,
  runStates,
  type Run,
  type RunAction,
  type RunState,
} from "@espalier/contract";
import type { Store } from "@espalier/store";
import type { FastifyRequest } from "fastify";
import { doPart } from "../audit/record.ts";
import { member } from "../auth/access.ts";
import { refuseNotOwn } from "../auth/ownership.ts";
import { actorOf, authorOf, teamOf } from "../auth/principal.ts";

/** The states of the runs that a filter is asked for, by action: those to which it can be done. */
const statesFor: { readonly [Action in RunAction]: readonly RunState[] } = {
  cancel: runStates.filter((state) => !isTerminal(state)),
  retry: ["FAILED", "CANCELLED", "QUARANTINED"],
  hold: ["WAITING", "QUEUED", "DISPATCHED"],
  release: ["WAITING", "QUEUED"],
  delete: runStates.filter(isTerminal),
};

type Act = (store: Store, request: FastifyRequest, runId: string) => Promise<unknown>;

const acts: { readonly [Action in RunAction]: Act } = {
  cancel: (store, request, runId) => store.runs.cancel(teamOf(request), runId, authorOf(request)),
  retry: (store, request, runId) => store.runs.retry(teamOf(request), runId),
  hold: (store, request, runId) => store.runs.hold(teamOf(request), runId, actorOf(request)),
  release: (store, request, runId) => store.runs.release(teamOf(request), runId, actorOf(request)),
  delete: (store, request, runId) =>
    store.deletions.run(runId, { teamId: teamOf(request), actor: actorOf(request) }),
};

type Found = Pick<Run, "id" | "state" | "name">;

/** One action on many runs, each in a transaction of its own and with its own line in the audit log. */
export const runActions: FastifyPluginAsyncTypebox<{ store: Store }> = async (app, { store }) => {
  app.post(
    "/actions",
    { config: member, schema: { body: RunActionRequest, response: { 200: RunActionResult } } },
    async (request): Promise<RunActionResult> => {
      const { action, dryRun = false } = request.body;
      const { runs, more } = await runsOf(store, request, request.body);
      const items: RunActionResult["items"] = [];
      // It is many transactions; who asked for it is recorded before the first.
      await store.transaction(async () => dryRun && store.audit.onlyLooks());
      for (const { id, state, name } of runs) {
        const problem = await outcomeOf(store, request, { action, dryRun, id, state });
        items.push({
          runId: id,
          ...(name === undefined ? {} : { name }),
          ...(state === undefined ? {} : { state }),
          ...(problem === undefined ? {} : { problem: problem.toDocument() }),
        });
      }
      const refused = items.filter(({ problem }) => problem !== undefined).length;
      return { action, dryRun, done: items.length - refused, refused, more, items };
    },
  );
};

type Asked = Pick<Found, "id"> & Partial<Found>;

async function runsOf(
  store: Store,
  request: FastifyRequest,
  { action, runIds, filter }: RunActionRequest,
): Promise<{ runs: Asked[]; more: boolean }> {
  if ((runIds === undefined) === (filter === undefined))
    throw new Problem("request/invalid", "Say which runs: give either `runIds` or `filter`.", {
      field: "/runIds",
    });
  const fields = ["state", "name"] as const;
  if (runIds !== undefined) {
    const found = new Map((await store.runs.some(teamOf(request), runIds)).map((run) => [run.id, run]));
    return { runs: runIds.map((id) => found.get(id) ?? { id }), more: false };
  }
  const able = statesFor[action];
  const state = filter!.state?.filter((each) => able.includes(each)) ?? [...able];
  const runs: Found[] = [];
  let cursor: string | undefined;
  if (state.length === 0) return { runs, more: false };
  do {
    const page = await store.runs.list(teamOf(request), {
      ...filter,
      state,
      fields: [...fields],
      limit: 200,
      ...(cursor && { cursor }),
    });
    runs.push(...page.items);
    ({ cursor } = page);
  } while (cursor !== undefined && runs.length < mostActedOn);
  return { runs: runs.slice(0, mostActedOn), more: cursor !== undefined || runs.length > mostActedOn };
}

/** The problem for which an action is not done to a run, or would not be; undefined where it is done. */
async function outcomeOf(
  store: Store,
  request: FastifyRequest,
  {
    action,
    dryRun,
    id,
    state,
  }: { action: RunAction; dryRun: boolean; id: string; state: RunState | undefined },
): Promise<Problem | undefined> {
  try {
    await refuseNotOwn(request, "run", store.owners, id);
    if (!dryRun)
      await doPart(store, request, { action: `run.${action}`, id }, () => acts[action](store, request, id));
    else if (action === "delete")
      await store.deletions.run(id, { teamId: teamOf(request), actor: actorOf(request), dryRun });
    else if (state !== undefined && !statesFor[action].includes(state))
      return new Problem("run/illegal-move", `The run is ${state}; it cannot be ${done[action]}.`, {
        runId: id,
      });
    return undefined;
  } catch (error) {
    if (!isProblem(error) || error.code === "service/unavailable") throw error;
    return error;
  }
}

const done: { readonly [Action in RunAction]: string } = {
  cancel: "cancelled",
  retry: "retried",
  hold: "held",
  release: "released",
  delete: "deleted",
};
