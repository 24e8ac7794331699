import type { Team, TeamChange, UserChange } from "../teams/team.ts";
import type { Artifact } from "../models/artifact.ts";
import type { ArrayCreate, RunArray } from "../runs/array.ts";
import type { Attempt } from "../runs/attempt.ts";
import type { Garbage } from "../retention/garbage.ts";
import type { Retention, RetentionChange } from "../retention/retention.ts";
import type { Deletion, DeletionQuery, MakerDeletionQuery } from "../retention/deletion.ts";
import type {
  Dataset,
  DatasetCreateQuery,
  DatasetErrors,
  DatasetRows,
  DatasetRowsQuery,
} from "../datasets/dataset.ts";
import type { Event } from "./event.ts";
import type { PromotionRequest } from "../experiments/promotion.ts";
import type { Comparison, ComparisonQuery } from "../experiments/comparison.ts";
import type { Experiment, ExperimentSpec } from "../experiments/experiment.ts";
import type { Graph, GraphCreate } from "../runs/graph.ts";
import type { Page, PageQuery } from "../id.ts";
import type { LogPage, LogsQuery, Metric, MetricsQuery } from "../runs/metric.ts";
import type { TimelineEntry } from "../runs/timeline.ts";
import type { Lineage } from "../models/lineage.ts";
import type { DeviceHistoryEntry } from "../pool/device-history.ts";
import type { Overview } from "../pool/overview.ts";
import type { Model, ModelCreate } from "../models/model.ts";
import { isProblem, Problem, type ProblemDocument } from "../problem.ts";
import type { Pool } from "../pool/pool.ts";
import type { QueuePage, QueueQuery } from "../runs/queue.ts";
import type { RunActionRequest, RunActionResult } from "../runs/actions.ts";
import type { RunChange, RunPatch } from "../runs/change.ts";
import type { RunFacets, RunFilterQuery, RunQuery } from "../runs/list.ts";
import type { Run, RunCreate } from "../runs/run.ts";
import type { Plan, PlanRequest } from "../runs/plan.ts";
import type { SeriesAnswer, SeriesRequest } from "../runs/series.ts";
import type { Firing, Schedule, ScheduleChange, ScheduleCreate } from "../experiments/schedule.ts";
import type { AuditEntry, AuditQuery } from "../audit/audit.ts";
import { backoff } from "../backoff.ts";
import { readEvents } from "./sse.ts";
import type { MadeByQuery } from "../teams/author.ts";
import type { ApiKey, KeyCreate, KeyQuery, KeyRotate, NewApiKey } from "../teams/key.ts";
import type { Me } from "../teams/me.ts";
import type { Upload } from "../models/upload.ts";
import type { View, ViewCreate, ViewQuery } from "../views/view.ts";
import type { CordonCreate, DrainCreate, Worker, WorkerEvent } from "../pool/worker.ts";

import type {
  Webhook,
  WebhookChange,
  WebhookCreate,
  WebhookDelivery,
  WebhookDeliveryQuery,
  WebhookWithSecret,
} from "../webhooks/webhook.ts";

export interface ClientOptions {
  /** Origin of the API, such as `http://127.0.0.1:7070`. */
  url: string;
  key: string;
  fetch?: typeof globalThis.fetch;
}

/** Header of `POST /v1/models` with a token of the hub. It is not in the body, because bodies are hashed and quoted in errors. */
export const hubTokenHeader = "hub-token";

/** Times that a request is sent at most, where it is refused because there were too many. */
const mostTries = 5;

/** Milliseconds between tries to follow events. */
const pauses = { first: 200, most: 5000 };

type Parameter = string | number | boolean;
type Query = Record<string, Parameter | readonly Parameter[] | undefined>;
type Body = NonNullable<RequestInit["body"]>;

interface Call {
  query?: Query;
  json?: unknown;
  body?: Body;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

/** Options of a submission. The same key and body give the same resource again. */
export type SubmitOptions = { idempotencyKey?: string };

/** Typed client of `/v1`. Errors are `Problem`s. A server that cannot be reached gives `service/unavailable`. */
export function createClient({ url, key, fetch = globalThis.fetch }: ClientOptions) {
  const origin = url.replace(/\/+$/, "");

  async function send(method: string, path: string, call: Call = {}, tries = 1): Promise<Response> {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(call.query ?? {}))
      for (const each of [value].flat()) if (each !== undefined) query.append(name, String(each));
    const headers: Record<string, string> = { authorization: `Bearer ${key}`, ...call.headers };
    if (call.json !== undefined) headers["content-type"] = "application/json";
    const body = call.json === undefined ? call.body : JSON.stringify(call.json);
    let response: Response;
    try {
      response = await fetch(`${origin}${path}${query.size > 0 ? `?${query.toString()}` : ""}`, {
        method,
        headers,
        ...(body === undefined ? {} : { body }),
        ...(call.signal ? { signal: call.signal } : {}),
        // The fetch of Node demands this for streamed bodies. Browsers ignore it.
        ...(body instanceof ReadableStream ? { duplex: "half" } : {}),
      });
    } catch (cause) {
      if (call.signal?.aborted || isProblem(cause)) throw cause;
      throw new Problem(
        "service/unavailable",
        `No answer from ${origin}; is the service running?`,
        {},
        { cause },
      );
    }
    if (response.ok) return response;
    const problem = await toProblem(response);
    const { signal } = call;
    // What was refused for its rate was not looked at. A stream that was begun cannot be sent again.
    if (problem.code !== "request/rate-limited" || tries >= mostTries || body instanceof ReadableStream)
      throw problem;
    await pause((problem.facts.retryAfter ?? 1) * 1000, signal);
    return send(method, path, call, tries + 1);
  }

  async function json<T>(method: string, path: string, call?: Call): Promise<T> {
    return (await (await send(method, path, call)).json()) as T;
  }

  const submit = (options?: SubmitOptions) => ({
    headers: { "idempotency-key": options?.idempotencyKey ?? globalThis.crypto.randomUUID() },
  });

  return {
    uploads: {
      create: () => json<Upload>("POST", "/v1/uploads"),
      /** Streams one file of a model folder; `name` must be one that a model folder may hold. */
      putFile: (uploadId: string, name: string, body: Body) =>
        json<Upload>("PUT", `/v1/uploads/${uploadId}/files/${encodeURIComponent(name)}`, {
          body,
          headers: { "content-type": "application/octet-stream" },
        }),
      remove: async (uploadId: string) => void (await send("DELETE", `/v1/uploads/${uploadId}`)),
    },
    models: {
      /**
       * Registers an upload, or imports a model of the hub; the returned run checks its tensors, and the model is READY
       * when it succeeds. The token lets that one run read a private repository.
       */
      create: (model: ModelCreate, { hubToken, ...options }: SubmitOptions & { hubToken?: string } = {}) => {
        const { headers } = submit(options);
        return json<{ model: Model; run: Run }>("POST", "/v1/models", {
          json: model,
          headers: hubToken === undefined ? headers : { ...headers, [hubTokenHeader]: hubToken },
        });
      },
      list: (query: MadeByQuery = {}) => json<Page<Model>>("GET", "/v1/models", { query }),
      get: (id: string) => json<Model>("GET", `/v1/models/${id}`),
      /** What it came from, and what came from it. */
      lineage: (id: string) => json<Lineage>("GET", `/v1/models/${id}/lineage`),
      /** Throws `resource/in-use`, which names what still refers to it. */
      remove: (id: string, query: DeletionQuery = {}) =>
        json<Deletion>("DELETE", `/v1/models/${id}`, { query }),
    },
    datasets: {
      create: (query: DatasetCreateQuery, body: Body) =>
        json<Dataset>("POST", "/v1/datasets", {
          query,
          body,
          headers: { "content-type": "application/octet-stream" },
        }),
      list: (query: MadeByQuery = {}) => json<Page<Dataset>>("GET", "/v1/datasets", { query }),
      get: (id: string) => json<Dataset>("GET", `/v1/datasets/${id}`),
      /** Its first rows. */
      rows: (id: string, query: DatasetRowsQuery = {}) =>
        json<DatasetRows>("GET", `/v1/datasets/${id}/rows`, { query }),
      /** Lines that were left out as they could not be read. */
      errors: (id: string) => json<DatasetErrors>("GET", `/v1/datasets/${id}/errors`),
      /** Throws `resource/in-use`, which names what still refers to it. */
      remove: (id: string, query: DeletionQuery = {}) =>
        json<Deletion>("DELETE", `/v1/datasets/${id}`, { query }),
    },
    experiments: {
      submit: (spec: ExperimentSpec, options?: SubmitOptions) =>
        json<Experiment>("POST", "/v1/experiments", { json: spec, ...submit(options) }),
      list: (query: MadeByQuery = {}) => json<Page<Experiment>>("GET", "/v1/experiments", { query }),
      get: (id: string) => json<Experiment>("GET", `/v1/experiments/${id}`),
      /** Its variants against one of them, with intervals. */
      comparison: (id: string, query: ComparisonQuery = {}) =>
        json<Comparison>("GET", `/v1/experiments/${id}/comparison`, { query }),
      /** Marks the model of the variant that passes a rule. Throws `resource/conflict`, which says why none does. */
      promote: (id: string, request: PromotionRequest = {}) =>
        json<Model>("POST", `/v1/experiments/${id}/promote`, { json: request }),
      /** Throws `resource/in-use`, which names what still refers to it. */
      remove: (id: string, query: MakerDeletionQuery = {}) =>
        json<Deletion>("DELETE", `/v1/experiments/${id}`, { query }),
      cancel: (id: string) => json<Experiment>("POST", `/v1/experiments/${id}/cancel`),
      /** Keeps the runs that have not started from starting, until they are released. */
      hold: (id: string) => json<Experiment>("POST", `/v1/experiments/${id}/hold`),
      release: (id: string) => json<Experiment>("POST", `/v1/experiments/${id}/release`),
      /** Changes the class or the priority of its runs, where their states allow it. */
      change: (id: string, change: RunChange) =>
        json<Experiment>("PATCH", `/v1/experiments/${id}`, { json: change }),
      /** Queues again the runs that did not succeed. What has succeeded is kept. */
      retry: (id: string) => json<Experiment>("POST", `/v1/experiments/${id}/retry`),
      /** Submits another one with the same spec, changed by a JSON merge patch (RFC 7396). */
      clone: (id: string, patch: object = {}, options?: SubmitOptions) =>
        json<Experiment>("POST", `/v1/experiments/${id}/clone`, { json: patch, ...submit(options) }),
    },
    graphs: {
      /** Submits runs that depend on one another, all of them or none. */
      submit: (graph: GraphCreate, options?: SubmitOptions) =>
        json<Graph>("POST", "/v1/graphs", { json: graph, ...submit(options) }),
    },
    arrays: {
      /** Submits runs that differ in an index, all of them or none. */
      submit: (array: ArrayCreate, options?: SubmitOptions) =>
        json<RunArray>("POST", "/v1/arrays", { json: array, ...submit(options) }),
      list: (query: MadeByQuery = {}) => json<Page<RunArray>>("GET", "/v1/arrays", { query }),
      get: (id: string) => json<RunArray>("GET", `/v1/arrays/${id}`),
      cancel: (id: string) => json<RunArray>("POST", `/v1/arrays/${id}/cancel`),
      hold: (id: string) => json<RunArray>("POST", `/v1/arrays/${id}/hold`),
      release: (id: string) => json<RunArray>("POST", `/v1/arrays/${id}/release`),
      change: (id: string, change: RunChange) =>
        json<RunArray>("PATCH", `/v1/arrays/${id}`, { json: change }),
    },
    schedules: {
      create: (schedule: ScheduleCreate, options?: SubmitOptions) =>
        json<Schedule>("POST", "/v1/schedules", { json: schedule, ...submit(options) }),
      list: (query: MadeByQuery = {}) => json<Page<Schedule>>("GET", "/v1/schedules", { query }),
      get: (id: string) => json<Schedule>("GET", `/v1/schedules/${id}`),
      change: (id: string, change: ScheduleChange) =>
        json<Schedule>("PATCH", `/v1/schedules/${id}`, { json: change }),
      /** What came of its due times, newest first. */
      firings: (id: string, query: PageQuery = {}) =>
        json<Page<Firing>>("GET", `/v1/schedules/${id}/firings`, { query }),
      pause: (id: string) => json<Schedule>("POST", `/v1/schedules/${id}/pause`),
      resume: (id: string) => json<Schedule>("POST", `/v1/schedules/${id}/resume`),
      remove: async (id: string) => void (await send("DELETE", `/v1/schedules/${id}`)),
    },
    runs: {
      submit: (run: RunCreate, options?: SubmitOptions) =>
        json<Run>("POST", "/v1/runs", { json: run, ...submit(options) }),
      /** With `fields`, only these of each run, and its id. */
      list: <Field extends keyof Run = keyof Run>(query: RunQuery<Field> = {}) =>
        json<Page<Pick<Run, Field | "id">>>("GET", "/v1/runs", { query: { ...query } }),
      /** How many runs each value of a filter would leave. */
      facets: (query: RunFilterQuery = {}) =>
        json<RunFacets>("GET", "/v1/runs/facets", { query: { ...query } }),
      /** Does one thing to many runs; each has its own outcome. */
      act: (request: RunActionRequest) =>
        json<RunActionResult>("POST", "/v1/runs/actions", { json: request }),
      get: (id: string) => json<Run>("GET", `/v1/runs/${id}`),
      /** Throws `resource/in-use`, which names what still refers to it. */
      remove: (id: string, query: MakerDeletionQuery = {}) =>
        json<Deletion>("DELETE", `/v1/runs/${id}`, { query }),
      cancel: (id: string) => json<Run>("POST", `/v1/runs/${id}/cancel`),
      /** Keeps a run that has not started from starting, until it is released; it keeps its place. */
      hold: (id: string) => json<Run>("POST", `/v1/runs/${id}/hold`),
      release: (id: string) => json<Run>("POST", `/v1/runs/${id}/release`),
      /** Changes its class, its priority or its limits, whether it is held, its name, its tags or its notes. */
      change: (id: string, change: RunPatch) => json<Run>("PATCH", `/v1/runs/${id}`, { json: change }),
      retry: (id: string) => json<Run>("POST", `/v1/runs/${id}/retry`),
      /** Submits another one with the same spec, changed by a JSON merge patch (RFC 7396). */
      clone: (id: string, patch: object = {}, options?: SubmitOptions) =>
        json<Run>("POST", `/v1/runs/${id}/clone`, { json: patch, ...submit(options) }),
      attempts: (id: string) => json<{ items: Attempt[] }>("GET", `/v1/runs/${id}/attempts`),
      artifacts: (id: string) => json<{ items: Artifact[] }>("GET", `/v1/runs/${id}/artifacts`),
      metrics: (id: string, query: MetricsQuery = {}) =>
        json<Page<Metric>>("GET", `/v1/runs/${id}/metrics`, { query }),
      /** What has happened to it, oldest first. */
      timeline: (id: string) => json<{ items: TimelineEntry[] }>("GET", `/v1/runs/${id}/timeline`),
      logs: (id: string, query: Omit<LogsQuery, "format"> = {}) =>
        json<LogPage>("GET", `/v1/runs/${id}/logs`, { query }),
      events: (id: string, signal?: AbortSignal) => follow(`/v1/runs/${id}/events`, signal),
    },
    /** Metrics of up to ten runs, by ranges of steps; with `since`, what has changed after an earlier answer. */
    series: (query: SeriesRequest) => json<SeriesAnswer>("GET", "/v1/series", { query: { ...query } }),
    /** What would become of a submission; nothing is written. */
    plan: (request: PlanRequest) => json<Plan>("POST", "/v1/plan", { json: request }),
    workers: {
      list: () => json<{ items: Worker[] }>("GET", "/v1/workers"),
      get: (id: string) => json<Worker>("GET", `/v1/workers/${id}`),
      events: (id: string, query: PageQuery = {}) =>
        json<Page<WorkerEvent>>("GET", `/v1/workers/${id}/events`, { query }),
      /** What ran on a device and what held it, newest first. */
      history: (id: string, deviceId: string, query: PageQuery = {}) =>
        json<Page<DeviceHistoryEntry>>("GET", `/v1/workers/${id}/devices/${deviceId}/history`, { query }),
      /** This and the next three are for operators. */
      drain: (id: string, drain: DrainCreate = {}) =>
        json<Worker>("POST", `/v1/workers/${id}/drain`, { json: drain }),
      resume: (id: string) => json<Worker>("POST", `/v1/workers/${id}/resume`),
      cordon: (id: string, deviceId: string, cordon: CordonCreate = {}) =>
        json<Worker>("POST", `/v1/workers/${id}/devices/${deviceId}/cordon`, { json: cordon }),
      uncordon: (id: string, deviceId: string) =>
        json<Worker>("POST", `/v1/workers/${id}/devices/${deviceId}/uncordon`),
    },
    /** What a person looks at first: what is wrong, devices, queue, shares, and what has ended of late. */
    overview: () => json<Overview>("GET", "/v1/overview"),
    /** Filters and columns of the dashboard's pages: those of the key's user, and those that the team shares. */
    views: {
      list: (query: ViewQuery = {}) => json<{ items: View[] }>("GET", "/v1/views", { query }),
      create: (view: ViewCreate, options?: SubmitOptions) =>
        json<View>("POST", "/v1/views", { json: view, ...submit(options) }),
      replace: (id: string, view: ViewCreate) => json<View>("PUT", `/v1/views/${id}`, { json: view }),
      remove: async (id: string) => void (await send("DELETE", `/v1/views/${id}`)),
    },
    /** How the pool is, and what is wrong with it. */
    pool: () => json<Pool>("GET", "/v1/pool"),
    /** The runs that wait for devices, in the order in which they would start. */
    queue: (query: QueueQuery = {}) => json<QueuePage>("GET", "/v1/queue", { query }),
    /** Whose the key is, what it may do, and what its team and its user have used. */
    me: () => json<Me>("GET", "/v1/me"),
    /** Those of the team for an admin; those of its own user for others. The text of a key is shown once. */
    keys: {
      list: (query: KeyQuery = {}) => json<Page<ApiKey>>("GET", "/v1/keys", { query }),
      create: (key: KeyCreate) => json<NewApiKey>("POST", "/v1/keys", { json: key }),
      /** Makes a key like this one, which ends when the overlap does. */
      rotate: (id: string, rotation: KeyRotate = {}) =>
        json<NewApiKey>("POST", `/v1/keys/${id}/rotate`, { json: rotation }),
      revoke: (id: string) => json<ApiKey>("DELETE", `/v1/keys/${id}`),
    },
    /** An admin's own team; every team for operators, and to them alone what gives a team more of the pool. */
    teams: {
      list: () => json<{ items: Team[] }>("GET", "/v1/teams"),
      get: (name: string) => json<Team>("GET", `/v1/teams/${encodeURIComponent(name)}`),
      set: (name: string, change: TeamChange) =>
        json<Team>("PUT", `/v1/teams/${encodeURIComponent(name)}`, { json: change }),
      setUser: (name: string, user: string, change: UserChange) =>
        json<Team>("PUT", `/v1/teams/${encodeURIComponent(name)}/users/${encodeURIComponent(user)}`, {
          json: change,
        }),
      retention: (name: string) => json<Retention>("GET", `/v1/teams/${encodeURIComponent(name)}/retention`),
      setRetention: (name: string, change: RetentionChange) =>
        json<Retention>("PUT", `/v1/teams/${encodeURIComponent(name)}/retention`, { json: change }),
      /** The key's text is shown this once. */
      createKey: (name: string, key: KeyCreate) =>
        json<NewApiKey>("POST", `/v1/teams/${encodeURIComponent(name)}/keys`, {
          json: key,
        }),
    },
    webhooks: {
      /** The secret of its signatures is shown this once. */
      create: (webhook: WebhookCreate) => json<WebhookWithSecret>("POST", "/v1/webhooks", { json: webhook }),
      list: (query: PageQuery = {}) => json<Page<Webhook>>("GET", "/v1/webhooks", { query }),
      get: (id: string) => json<Webhook>("GET", `/v1/webhooks/${id}`),
      change: (id: string, change: WebhookChange) =>
        json<Webhook>("PATCH", `/v1/webhooks/${id}`, { json: change }),
      remove: async (id: string) => void (await send("DELETE", `/v1/webhooks/${id}`)),
      /** Sends a message that says nothing. */
      ping: (id: string) => json<WebhookDelivery>("POST", `/v1/webhooks/${id}/ping`),
      deliveries: (id: string, query: WebhookDeliveryQuery = {}) =>
        json<Page<WebhookDelivery>>("GET", `/v1/webhooks/${id}/deliveries`, { query }),
      redeliver: (id: string, deliveryId: string) =>
        json<WebhookDelivery>("POST", `/v1/webhooks/${id}/deliveries/${deliveryId}/redeliver`),
    },
    /** Who has changed what, newest first. */
    audit: (query: AuditQuery = {}) => json<Page<AuditEntry>>("GET", "/v1/audit", { query }),
    /** For operators. */
    garbage: {
      /** What the next sweep would free, and why. */
      list: () => json<{ items: Garbage[] }>("GET", "/v1/garbage"),
      /** Sweeps for up to ten seconds; what is left is listed again. */
      sweep: () => json<{ items: Garbage[] }>("POST", "/v1/garbage/sweep"),
    },
    artifacts: {
      get: (id: string) => json<Artifact>("GET", `/v1/artifacts/${id}`),
      /** Throws `resource/in-use`, which names what still refers to it. */
      remove: (id: string, query: DeletionQuery = {}) =>
        json<Deletion>("DELETE", `/v1/artifacts/${id}`, { query }),
      content: (id: string) => send("GET", `/v1/artifacts/${id}/content`),
    },
    /** Live events of the team, reconnecting from the last one seen until the signal aborts. */
    events: (signal?: AbortSignal) => follow("/v1/events", signal),
  };

  /** Server-sent events with resumption (WHATWG HTML §9.2); ends only when `signal` aborts. */
  async function* follow(path: string, signal?: AbortSignal): AsyncGenerator<Event> {
    let lastId: string | undefined;
    for (let failures = 0; !signal?.aborted;) {
      try {
        const headers: Record<string, string> = { accept: "text/event-stream" };
        if (lastId !== undefined) headers["last-event-id"] = lastId;
        const response = await send("GET", path, { headers, signal });
        if (!response.body) return;
        for await (const message of readEvents(response.body)) {
          failures = 0;
          if (message.id !== undefined) lastId = message.id;
          if (message.data !== "") yield JSON.parse(message.data) as Event;
        }
      } catch (error) {
        if (signal?.aborted) return;
        if (error instanceof Problem && error.code !== "service/unavailable") throw error;
      }
      failures += 1;
      await new Promise((resolve) => setTimeout(resolve, backoff(failures, pauses)));
    }
  }
}

export type Client = ReturnType<typeof createClient>;

/** Rejects when the signal aborts. */
const pause = (ms: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    });
  });

async function toProblem(response: Response): Promise<Problem> {
  const text = await response.text();
  try {
    const document = JSON.parse(text) as ProblemDocument;
    if (typeof document.code === "string") return Problem.fromDocument(document);
  } catch {
    // The answer is not a problem document, so a proxy sent it.
  }
  const code = response.status >= 500 ? "service/unavailable" : "request/invalid";
  return new Problem(code, `The server answered ${response.status} ${response.statusText}.`);
}
