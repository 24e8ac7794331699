import type { FastifyRequest } from "fastify";
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import {
  CordonCreate,
  DeviceHistoryEntry,
  DrainCreate,
  idOf,
  PageQuery,
  Pool,
  Problem,
  Worker,
  WorkerEvent,
} from "@espalier/contract";
import type { Store } from "@espalier/store";
import { Type } from "typebox";
import { operator, viewer } from "../auth/access.ts";
import { actorOf, isOperator, teamOf } from "../auth/principal.ts";
import { list, page } from "../http/page.ts";
import { readPool, type PoolSources } from "./document.ts";
import { teamEvent, teamPool, teamView } from "./view.ts";

const WorkerId = Type.Object({ workerId: idOf("worker") }, { additionalProperties: false });
const DeviceId = Type.Object(
  { workerId: idOf("worker"), deviceId: idOf("device") },
  { additionalProperties: false },
);

/** The shared pool. All teams see its workers; operators change them. */
export const pool: FastifyPluginAsyncTypebox<PoolSources & { store: Store }> = async (app, sources) => {
  const { store } = sources;
  const show = async (request: FastifyRequest, workerId: string): Promise<Worker> =>
    isOperator(request)
      ? store.workers.get(workerId)
      : teamView(await store.workers.get(workerId, teamOf(request)));
  /** Rejects with `resource/not-found` when the device is not one of the worker's. */
  const checkDevice = async ({
    workerId,
    deviceId,
  }: {
    workerId: string;
    deviceId: string;
  }): Promise<void> => {
    const { devices } = await store.workers.get(workerId);
    if (!devices.some(({ id }) => id === deviceId))
      throw new Problem("resource/not-found", `Worker ${workerId} has no device ${deviceId}.`);
  };

  app.get("/pool", { config: viewer, schema: { response: { 200: Pool } } }, async (request) => {
    const everyone = isOperator(request);
    const found = await readPool(sources, teamOf(request), everyone);
    return everyone ? found : teamPool(found);
  });

  app.get("/workers", { config: viewer, schema: { response: { 200: list(Worker) } } }, async (request) => {
    const items = isOperator(request)
      ? await store.workers.list()
      : (await store.workers.list(teamOf(request))).map(teamView);
    return { items };
  });

  const one = { params: WorkerId, response: { 200: Worker } };
  app.get("/workers/:workerId", { config: viewer, schema: one }, (request) =>
    show(request, request.params.workerId),
  );

  app.get(
    "/workers/:workerId/events",
    {
      config: viewer,
      schema: { params: WorkerId, querystring: PageQuery, response: { 200: page(WorkerEvent) } },
    },
    async (request) => {
      const { name } = await store.workers.get(request.params.workerId);
      const { items, ...rest } = await store.workerEvents.list(name, request.query);
      return { items: isOperator(request) ? items : items.map(teamEvent), ...rest };
    },
  );

  app.get(
    "/workers/:workerId/devices/:deviceId/history",
    {
      config: viewer,
      schema: { params: DeviceId, querystring: PageQuery, response: { 200: page(DeviceHistoryEntry) } },
    },
    (request) =>
      store.deviceHistories.page(
        request.params,
        { teamId: teamOf(request), operator: isOperator(request) },
        request.query,
      ),
  );

  app.post(
    "/workers/:workerId/drain",
    {
      config: operator,
      schema: { ...one, body: DrainCreate, bodyIsOptional: true },
    },
    async (request) => {
      const by = actorOf(request);
      const { now: atOnce = false, reason } = request.body;
      await store.holds.drain(request.params.workerId, {
        by,
        atOnce,
        ...(reason === undefined ? {} : { reason }),
      });
      return show(request, request.params.workerId);
    },
  );

  app.post("/workers/:workerId/resume", { config: operator, schema: one }, async (request) => {
    await store.holds.resume(request.params.workerId, actorOf(request));
    return show(request, request.params.workerId);
  });

  const device = { params: DeviceId, response: { 200: Worker } };
  app.post(
    "/workers/:workerId/devices/:deviceId/cordon",
    {
      config: operator,
      schema: { ...device, body: CordonCreate, bodyIsOptional: true },
    },
    async (request) => {
      const by = actorOf(request);
      await checkDevice(request.params);
      await store.holds.cordon(request.params.deviceId, { by, ...request.body });
      return show(request, request.params.workerId);
    },
  );

  app.post(
    "/workers/:workerId/devices/:deviceId/uncordon",
    { config: operator, schema: device },
    async (request) => {
      const by = actorOf(request);
      await checkDevice(request.params);
      await store.holds.uncordon(request.params.deviceId, by);
      return show(request, request.params.workerId);
    },
  );
};
