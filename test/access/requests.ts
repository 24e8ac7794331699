/** What the routes that need one get as a body, with `:modelId` and the like where an id stands. */
const spec = { kind: "prune", model: ":modelId", layers: 2 };

export const bodies: Record<string, object> = {
  "POST /v1/runs": { spec },
  "POST /v1/runs/actions": { action: "hold", runIds: [":runId"] },
  "POST /v1/plan": { run: { spec } },
  "PATCH /v1/runs/:runId": { priority: 1 },
  "POST /v1/runs/:runId/clone": {},
  "POST /v1/graphs": { runs: { one: { spec } } },
  "POST /v1/arrays": {
    array: "0-1",
    spec: { kind: "train", model: ":modelId", datasetId: ":datasetId", settings: { seed: "{index}" } },
  },
  "PATCH /v1/arrays/:arrayId": { priority: 1 },
  "POST /v1/experiments": {
    name: "trial",
    modelId: ":modelId",
    triplets: ":datasetId",
    evaluation: [":evaluationId"],
    variants: ["none"],
  },
  "PATCH /v1/experiments/:experimentId": { priority: 1 },
  "POST /v1/experiments/:experimentId/clone": {},
  "POST /v1/experiments/:experimentId/promote": { when: "size ≤ 80 %" },
  "POST /v1/schedules": { name: "nightly", cron: "0 3 * * *", submission: { run: { spec } } },
  "PATCH /v1/schedules/:scheduleId": { overlap: "skip" },
  "POST /v1/models": { name: "uploaded", uploadId: ":uploadId" },
  "POST /v1/views": { name: "mine", page: "runs", query: "state=FAILED" },
  "PUT /v1/views/:viewId": { name: "mine-too", page: "runs", query: "state=FAILED" },
  "POST /v1/webhooks": { name: "told", url: "https://hooks.example.org/told", events: ["run.state"] },
  "PATCH /v1/webhooks/:webhookId": { events: ["run.state"] },
  "POST /v1/keys": { name: "more" },
  "POST /v1/keys/:keyId/rotate": { overlapSeconds: 60 },
  "POST /v1/teams/:team/keys": { name: "more" },
  "PUT /v1/teams/:team": { weight: 1 },
  "PUT /v1/teams/:team/retention": { logs: 90 },
  "PUT /v1/teams/:team/users/:user": { weight: 1 },
  "POST /v1/workers/:workerId/drain": {},
  "POST /v1/workers/:workerId/devices/:deviceId/cordon": {},
};

/** What is sent as the file itself. */
export const rawBodies: Record<string, string> = {
  "PUT /v1/uploads/:uploadId/files/:name": "{}",
  "POST /v1/datasets": '{"query":"a","positive":"b"}\n',
};

export const queries: Record<string, string> = {
  "GET /v1/runs": "?experimentId=:experimentId",
  "GET /v1/runs/facets": "?experimentId=:experimentId",
  "GET /v1/series": "?runId=:runId&name=loss",
  "POST /v1/datasets": "?name=more&kind=triplets",
  "GET /v1/keys": "?team=:team",
};
