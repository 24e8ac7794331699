import Fastify, { type FastifyBaseLogger, type FastifyInstance } from "fastify";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { QueueServer } from "@espalier/contract";
import type { Poster } from "@espalier/model/outbound";
import type { SessionTimes, Store } from "@espalier/store";
import { arrays } from "./arrays/routes.ts";
import { artifacts } from "./artifacts/routes.ts";
import { recordActs } from "./audit/record.ts";
import { audit } from "./audit/routes.ts";
import { access } from "./auth/access.ts";
import { basePath as basePathIn } from "./dashboard/base-path.ts";
import type { DashboardFiles } from "./dashboard/files.ts";
import { dashboard } from "./dashboard/routes.ts";
import { datasets } from "./datasets/routes.ts";
import { deletions } from "./http/deletions.ts";
import { events } from "./events/routes.ts";
import { experiments } from "./experiments/routes.ts";
import { garbage } from "./garbage/routes.ts";
import { graphs } from "./graphs/routes.ts";
import { answerClientError } from "./http/client-error.ts";
import { compileValidator } from "./http/validation.ts";
import { keys } from "./keys/routes.ts";
import { me } from "./me/routes.ts";
import type { Limits } from "./limits/limits.ts";
import { limitRates } from "./limits/request-rates.ts";
import { models } from "./models/routes.ts";
import { bodies } from "./plugins/bodies.ts";
import { health } from "./plugins/health.ts";
import type { Provider } from "./oidc/provider.ts";
import { oidc } from "./oidc/routes.ts";
import { openapi } from "./plugins/openapi.ts";
import { answerFrameworkError, problemDocuments } from "./plugins/problems.ts";
import { requestIdOf, requestIds } from "./plugins/request-ids.ts";
import { Probe } from "./plugins/probe.ts";
import { unreadBodies } from "./plugins/unread-bodies.ts";
import type { DataFolderSeen } from "./pool/data-folder-watch.ts";
import { overview } from "./overview/routes.ts";
import { plans } from "./plan/routes.ts";
import { pool } from "./pool/routes.ts";
import { queue as queued } from "./queue/routes.ts";
import { runActions } from "./runs/actions.ts";
import { runLists } from "./runs/lists.ts";
import { runs } from "./runs/routes.ts";
import { series } from "./series/routes.ts";
import { schedules } from "./schedules/routes.ts";
import { session } from "./session/routes.ts";
import { teams } from "./teams/routes.ts";
import { views } from "./views/routes.ts";
import { webhooks } from "./webhooks/routes.ts";
import { uploads } from "./uploads/routes.ts";

export interface ServerOptions {
  store: Store;
  /** Rejects while the server of the delivery queues is away. */
  queue: () => Promise<void>;
  queueServer: QueueServer;
  /** A pooler gives out connections of the database. */
  pooled: boolean;
  /** Sends to webhooks. */
  poster: Pick<Poster, "check">;
  /** What was last found of the data folder. */
  dataFolder: () => DataFolderSeen;
  log: FastifyBaseLogger;
  version: string;
  maxFileBytes: number;
  maxDatasetBytes: number;
  /** By which the API shows that it is the one that was started with it. */
  instance?: string | undefined;
  limits: Limits;
  /** Addresses and networks of proxies; without them, the address of a client is that of its connection. */
  trustedProxies?: readonly string[];
  /** Served at `/`; absent: there is none. */
  dashboard?: DashboardFiles | undefined;
  /** The path under which browsers see the service, from `/` to `/`; default: as proxies that are trusted say, or `/`. */
  basePath?: string | undefined;
  /** The origin under which browsers see the service; default: that of the host that they ask. */
  publicOrigin?: string | undefined;
  sessions: SessionTimes;
  /** Absent: browsers sign in with keys alone. */
  provider?: Provider | undefined;
}

/** The HTTP side of the API: every route, ready to listen or to be injected into. */
export async function buildServer(options: ServerOptions): Promise<FastifyInstance> {
  const { store, dataFolder, log, version, maxFileBytes, maxDatasetBytes, queueServer, pooled, limits } =
    options;
  const { trustedProxies = [], basePath } = options;
  const [database, queue] = [new Probe(() => store.ping()), new Probe(options.queue)];
  const app = Fastify({
    loggerInstance: log,
    genReqId: requestIdOf,
    bodyLimit: limits.bodyBytes,
    // Whether a proxy takes the prefix away or not, the paths are the same.
    rewriteUrl: ({ url = "/" }) =>
      basePath !== undefined && `${url}/`.startsWith(basePath) ? `/${url.slice(basePath.length)}` : url,
    forceCloseConnections: true,
    connectionTimeout: limits.idleMs,
    routerOptions: { maxParamLength: 200 },
    http: { headersTimeout: limits.headersMs, connectionsCheckingInterval: limits.headersMs / 3 },
    trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
    frameworkErrors: answerFrameworkError,
    clientErrorHandler: (error, socket) => answerClientError(error, socket, { log }),
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.setValidatorCompiler(compileValidator);
  // Answers are built from the contract's types, so they are not checked. The schemas of responses describe the API.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  const trusted = trustedProxies.length > 0;
  app.decorate("publicPlace", {
    origin: options.publicOrigin,
    path: (request) => basePathIn(request, basePath, trusted),
  });
  await app.register(requestIds);
  await app.register(problemDocuments);
  await limitRates(app, {
    counts: store.requestCounts,
    limits,
    access: (to) =>
      to.register(access, {
        authenticate: (text, session) => store.teams.verify(text, session),
        owners: store.owners,
      }),
  });
  await app.register(recordActs, { store });
  await app.register(bodies, { maxBytes: limits.bodyBytes, withinMs: limits.bodyMs });
  await app.register(unreadBodies, { withinMs: limits.restMs });
  await app.register(openapi, { version });
  await app.register(health, {
    database,
    queue,
    dataFolder: () => dataFolder().state,
    instance: options.instance,
  });

  await app.register(dashboard, {
    dashboard: options.dashboard,
    base: basePath,
    trusted,
  });
  await app.register(uploads, { prefix: "/v1/uploads", store, maxFileBytes, pace: limits.pace });
  await app.register(models, { prefix: "/v1/models", store });
  await app.register(datasets, { prefix: "/v1/datasets", store, maxDatasetBytes, pace: limits.pace });
  await app.register(experiments, { prefix: "/v1/experiments", store });
  await app.register(graphs, { prefix: "/v1/graphs", store });
  await app.register(arrays, { prefix: "/v1/arrays", store });
  await app.register(schedules, { prefix: "/v1/schedules", store });
  await app.register(runs, { prefix: "/v1/runs", store });
  await app.register(runLists, { prefix: "/v1/runs", store });
  await app.register(runActions, { prefix: "/v1/runs", store });
  await app.register(plans, { prefix: "/v1", store });
  await app.register(series, { prefix: "/v1", store });
  await app.register(artifacts, { prefix: "/v1/artifacts", store });
  await app.register(deletions, { prefix: "/v1", store });
  await app.register(views, { prefix: "/v1/views", store });
  await app.register(webhooks, { prefix: "/v1/webhooks", store, poster: options.poster });
  await app.register(events, { prefix: "/v1", store, streamsPerKey: limits.streamsPerKey });
  const poolSources = { store, version, queue, queueServer, pooled, dataFolder };
  await app.register(pool, { prefix: "/v1", ...poolSources });
  await app.register(overview, { prefix: "/v1", ...poolSources });
  await app.register(queued, { prefix: "/v1", store });
  await app.register(audit, { prefix: "/v1/audit", store });
  await app.register(garbage, { prefix: "/v1/garbage", store });
  await app.register(keys, { prefix: "/v1/keys", store });
  await app.register(session, { prefix: "/v1", store, times: options.sessions, provider: options.provider });
  await app.register(oidc, { prefix: "/v1", store, times: options.sessions, provider: options.provider });
  await app.register(me, { prefix: "/v1", store });
  await app.register(teams, { prefix: "/v1/teams", store });
  return app;
}
