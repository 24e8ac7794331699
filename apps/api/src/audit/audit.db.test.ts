import { createClient, newId, type Client, type Me } from "@espalier/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { finishMeasured } from "../../../../test/api/measured.ts";
import { startTestApi, type TestApi } from "../../../../test/api/service.ts";
import { actions } from "./actions.ts";

let api: TestApi;
let operator: string;
let maintainer: Client;
beforeAll(async () => {
  api = await startTestApi();
  const key = { name: "ops", role: "admin", operator: true, user: "olga" } as const;
  operator = (await api.store.teams.createKey(api.store.teamId, key)).text;
  maintainer = createClient({ url: api.url, key: operator });
});
afterAll(() => api.close());

interface Call {
  path?: Record<string, string>;
  json?: object;
  query?: string;
  body?: string;
  /** What the row's subject must be; default: the id in the path. */
  made?: true;
  /** There is nothing in such a request that could be wrong, but its key. */
  takesNothing?: true;
  /** The key is in the body. */
  signsIn?: true;
  /** In place of the operator's key. */
  cookie?: string;
}

async function send(route: string, call: Call = {}, key = operator): Promise<Response> {
  const [method = "", pattern = ""] = route.split(" ");
  const path = pattern.replaceAll(/:(\w+)/g, (_, name: string) =>
    encodeURIComponent(call.path?.[name] ?? "nobody"),
  );
  const json = call.signsIn ? { key, ...call.json } : call.json;
  const type = json ? "application/json" : call.body === undefined ? undefined : "application/octet-stream";
  return fetch(`${api.url}${path}${call.query ?? ""}`, {
    method,
    headers: {
      ...(call.cookie && key === operator
        ? { cookie: call.cookie, origin: api.url }
        : { authorization: `Bearer ${key}` }),
      "x-request-id": "req-of-a-test",
      ...(type && { "content-type": type }),
    },
    ...(json ? { body: JSON.stringify(json) } : call.body === undefined ? {} : { body: call.body }),
  });
}

const rows = () =>
  api.store.sql<{ action: string; subject: string | null; author: object; request: string }>(
    "select action, subject_id as subject, author, request_id as request from audit order by id",
  );

const prune = (layers: number | string = 2) => ({ spec: { kind: "prune", model: api.spec.modelId, layers } });
const run = async (state?: string): Promise<Call> => {
  const { id } = await api.store.submit();
  if (state) await api.store.sql("update run set state = $2, ended_at = now() where id = $1", [id, state]);
  return { path: { runId: id } };
};
const experiment = async (then?: "cancel"): Promise<Call> => {
  const { id } = await api.client.experiments.submit({ ...api.spec, name: newId("experiment") });
  if (then) await api.client.experiments[then](id);
  return { path: { experimentId: id } };
};
const array = async (): Promise<Call> => ({
  path: { arrayId: (await api.client.arrays.submit({ array: "1-2", ...prune("{index}") })).id },
});
const schedule = (name: string = newId("schedule")) => ({
  name,
  cron: "0 3 * * *",
  submission: { run: prune() },
});
const aSchedule = async (): Promise<Call> => ({
  path: { scheduleId: (await api.client.schedules.create(schedule() as never)).id },
});
const dataset = async (): Promise<{ id: string; artifactId: string }> =>
  (await (
    await send("POST /v1/datasets", {
      query: `?kind=texts&name=${newId("dataset")}`,
      body: `{"text": "${newId("dataset")}"}\n`,
    })
  ).json()) as { id: string; artifactId: string };
const model = async (): Promise<Call> => {
  const id = newId("model");
  await api.store.sql(
    "insert into model (id, team_id, name, state, architecture) values ($1, $2, $1, 'READY', '{}')",
    [id, api.store.teamId],
  );
  return { path: { modelId: id } };
};
const artifact = async (): Promise<Call> => {
  const id = newId("artifact");
  await api.store.sql(
    "insert into artifact (id, team_id, kind, name, bytes, sha256, location) values ($1, $2, 'export', 'a', 1, $3, $1)",
    [id, api.store.teamId, "0".repeat(64)],
  );
  return { path: { artifactId: id } };
};
const webhook = (name: string = newId("webhook")) => ({
  name,
  url: "https://example.org",
  events: ["run.state"],
});
const aWebhook = async (): Promise<{ path: { webhookId: string } }> => ({
  path: { webhookId: (await maintainer.webhooks.create(webhook() as never)).webhook.id },
});
const view = (name: string = newId("view")) => ({ name, page: "runs", query: "state=FAILED" }) as const;
const aView = async (): Promise<Call> => ({
  path: { viewId: (await maintainer.views.create(view())).id },
});
const aKey = async (): Promise<Call> => ({
  path: { keyId: (await api.store.teams.createKey(api.store.teamId, { name: "old" })).key.id },
});
const session = async (): Promise<Call> => {
  const answer = await send("POST /v1/session", { signsIn: true });
  const { key } = (await answer.json()) as Me;
  return {
    path: { sessionId: key.id },
    cookie: answer.headers.get("set-cookie")!.split(";")[0],
    takesNothing: true,
  };
};
const upload = async (): Promise<Call> => ({ path: { uploadId: (await api.client.uploads.create()).id } });
const worker = (): Call => ({ path: { workerId: api.store.workerId, deviceId: api.store.deviceId } });

/** A request of each route that succeeds. */
const calls: Record<string, () => Promise<Call> | Call> = {
  "DELETE /v1/artifacts/:artifactId": artifact,
  "DELETE /v1/datasets/:datasetId": async () => ({ path: { datasetId: (await dataset()).id } }),
  "DELETE /v1/experiments/:experimentId": () => experiment("cancel"),
  "DELETE /v1/keys/:keyId": aKey,
  "DELETE /v1/models/:modelId": model,
  "DELETE /v1/runs/:runId": () => run("FAILED"),
  "DELETE /v1/schedules/:scheduleId": aSchedule,
  "DELETE /v1/session": session,
  "DELETE /v1/uploads/:uploadId": upload,
  "DELETE /v1/views/:viewId": aView,
  "DELETE /v1/webhooks/:webhookId": aWebhook,
  "PATCH /v1/arrays/:arrayId": async () => ({ ...(await array()), json: { priority: 3 } }),
  "PATCH /v1/experiments/:experimentId": async () => ({ ...(await experiment()), json: { priority: 3 } }),
  "PATCH /v1/runs/:runId": async () => ({ ...(await run()), json: { priority: 3 } }),
  "PATCH /v1/schedules/:scheduleId": async () => ({ ...(await aSchedule()), json: { overlap: "skip" } }),
  "PATCH /v1/webhooks/:webhookId": async () => ({ ...(await aWebhook()), json: { enabled: false } }),
  "POST /v1/arrays": () => ({ json: { array: "1-2", ...prune("{index}") }, made: true }),
  "POST /v1/arrays/:arrayId/cancel": array,
  "POST /v1/arrays/:arrayId/hold": array,
  "POST /v1/arrays/:arrayId/release": array,
  "POST /v1/datasets": () => ({
    query: "?kind=texts&name=bare",
    body: '{"text": "A text."}\n',
    made: true,
  }),
  "POST /v1/experiments": () => ({ json: { ...api.spec, name: "audited" }, made: true }),
  "POST /v1/experiments/:experimentId/cancel": () => experiment(),
  "POST /v1/experiments/:experimentId/clone": async () => ({
    ...(await experiment()),
    json: { name: "clone" },
    made: true,
  }),
  "POST /v1/experiments/:experimentId/hold": () => experiment(),
  "POST /v1/experiments/:experimentId/promote": async () => {
    const { id } = await api.client.experiments.submit({
      ...api.spec,
      // It shares nothing with other tests' runs, which have not ended, nor they with its own.
      encoding: { maxLength: 7 },
      fresh: true,
      promote: "Δ ≥ -0.5",
    });
    await finishMeasured(api, id, { noiseOf: () => 1 });
    return { path: { experimentId: id }, json: {} };
  },
  "POST /v1/experiments/:experimentId/release": () => experiment(),
  "POST /v1/experiments/:experimentId/retry": () => experiment("cancel"),
  "POST /v1/garbage/sweep": () => ({ takesNothing: true }),
  "POST /v1/graphs": () => ({ json: { runs: { one: prune() } } }),
  "POST /v1/keys": () => ({ json: { name: "laptop" }, made: true }),
  "POST /v1/keys/:keyId/rotate": aKey,
  "POST /v1/models": () => ({ json: { name: "of-the-hub", source: { hub: "org/name" } }, made: true }),
  "POST /v1/runs": () => ({ json: prune(), made: true }),
  // What is done to each run has a row of its own; none is asked for here that there is.
  "POST /v1/runs/actions": () => ({ json: { action: "hold", runIds: [newId("run")] } }),
  "POST /v1/runs/:runId/cancel": () => run(),
  "POST /v1/runs/:runId/clone": async () => ({
    path: { runId: (await api.client.runs.submit(prune() as never)).id },
    json: {},
    made: true,
  }),
  "POST /v1/runs/:runId/hold": () => run(),
  "POST /v1/runs/:runId/release": () => run(),
  "POST /v1/runs/:runId/retry": () => run("FAILED"),
  "POST /v1/schedules": () => ({ json: schedule("audited"), made: true }),
  "POST /v1/schedules/:scheduleId/pause": aSchedule,
  "POST /v1/schedules/:scheduleId/resume": aSchedule,
  "POST /v1/session": () => ({ signsIn: true, made: true }),
  "POST /v1/teams/:team/keys": () => ({ path: { team: "orchard" }, json: { name: "laptop" }, made: true }),
  "POST /v1/uploads": () => ({ made: true, takesNothing: true }),
  "POST /v1/views": () => ({ json: view("audited"), made: true }),
  "POST /v1/webhooks": () => ({ json: webhook("audited"), made: true }),
  "POST /v1/webhooks/:webhookId/deliveries/:deliveryId/redeliver": async () => {
    const { path } = await aWebhook();
    const { id: deliveryId } = await maintainer.webhooks.ping(path.webhookId);
    return { path: { ...path, deliveryId } };
  },
  "POST /v1/webhooks/:webhookId/ping": aWebhook,
  "POST /v1/workers/:workerId/devices/:deviceId/cordon": worker,
  "POST /v1/workers/:workerId/devices/:deviceId/uncordon": worker,
  "POST /v1/workers/:workerId/drain": worker,
  "POST /v1/workers/:workerId/resume": worker,
  "PUT /v1/teams/:team": () => ({ path: { team: "orchard" }, json: { weight: 2 } }),
  "PUT /v1/teams/:team/retention": () => ({ path: { team: "orchard" }, json: { logs: 7 } }),
  "PUT /v1/teams/:team/users/:user": () => ({
    path: { team: "orchard", user: "olga" },
    json: { weight: 2 },
  }),
  "PUT /v1/uploads/:uploadId/files/:name": async () => {
    const { path } = await upload();
    return { path: { ...path, name: "config.json" }, body: "{}" };
  },
  "PUT /v1/views/:viewId": async () => ({ ...(await aView()), json: view("changed") }),
};

describe("every route that changes something", () => {
  it("is tried here", () => {
    expect(Object.keys(calls)).toEqual(Object.keys(actions));
  });

  it.each(Object.keys(actions))(
    "%s leaves one row when it succeeds, and none when it is refused",
    async (route) => {
      const call = (await calls[route]?.()) ?? {};
      const before = await rows();
      const answer = await send(route, call);
      expect(answer.status, await answer.clone().text()).toBeLessThan(300);
      const added = (await rows()).slice(before.length);
      const [kind = ""] = actions[route].split(".");
      const parameter = call.path?.[`${kind}Id`] ?? call.path?.[kind];
      expect(added).toEqual([
        {
          action: actions[route],
          subject: call.made ? expect.stringMatching(new RegExp(`^\\w{3,4}_\\w{26}$`)) : (parameter ?? null),
          author: { user: "olga", key: { id: expect.stringMatching(/^key_/), name: "ops" } },
          request: "req-of-a-test",
        },
      ]);
      if (call.made) {
        const text = answer.status === 204 ? "" : await answer.text();
        expect(text).toContain(`"${added[0].subject}"`);
        if (parameter !== undefined) expect(added[0].subject).not.toBe(parameter);
      }

      const after = await rows();
      const wrong = {
        ...call,
        path: { ...call.path, ...strangers(call.path) },
        query: "?nothing=1",
        json: { nothing: 1 },
      };
      const refused = [await send(route, call, "esp_wrong")];
      expect(JSON.stringify(await api.store.sql("select change from audit"))).not.toContain(operator);
      if (!call.takesNothing) refused.push(await send(route, wrong));
      for (const { status } of refused) expect(status).toBeGreaterThanOrEqual(400);
      expect(await rows()).toEqual(after);
    },
  );
});

/** Ids that nobody has. */
const strangers = (path: Call["path"] = {}): Record<string, string> =>
  Object.fromEntries(
    Object.entries(path).map(([name, value]) => [
      name,
      /^[a-z]+_\w{26}$/.test(value) ? newId("run").replace(/^run/, value.split("_")[0]) : "nobody",
    ]),
  );
