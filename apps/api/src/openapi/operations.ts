/** What an operation is called: by clients that are made from the description, in the audit log and in logs. */
export interface OperationName {
  operationId: string;
  /** One line, in the description of the API. */
  summary: string;
}

const named = (operationId: string, summary: string): OperationName => ({ operationId, summary });

/** The operations of resources that can be deleted, paused, held and the like are alike. */
const deletion = (noun: string, path: string, extra = "") => ({
  [`DELETE /v1/${path}`]: named(`delete${noun}`, `Deletes it${extra}, or says what would go`),
});

/** Every route of `/v1`. A server with a route that is missing here does not start. */
export const operations: Readonly<Record<string, OperationName>> = {
  "POST /v1/uploads": named("createUpload", "Begins an upload, whose files are sent one by one"),
  "GET /v1/uploads/:uploadId": named("getUpload", "An upload with the files that have come"),
  "PUT /v1/uploads/:uploadId/files/:name": named("putUploadFile", "Sends one file of a model folder"),
  "DELETE /v1/uploads/:uploadId": named("deleteUpload", "Removes an upload that is no model yet"),

  "POST /v1/models": named("createModel", "Makes a model of an upload, or imports one of the hub"),
  "GET /v1/models": named("listModels", "The team's models, newest first"),
  "GET /v1/models/:modelId": named("getModel", "A model"),
  "GET /v1/models/:modelId/lineage": named("getLineage", "What it came from, and what came from it"),
  ...deletion("Model", "models/:modelId"),

  "POST /v1/datasets": named("createDataset", "Checks and stores a dataset, which is the body"),
  "GET /v1/datasets": named("listDatasets", "The team's datasets, newest first"),
  "GET /v1/datasets/:datasetId": named("getDataset", "A dataset"),
  "GET /v1/datasets/:datasetId/rows": named("listDatasetRows", "Its first rows"),
  "GET /v1/datasets/:datasetId/errors": named("listDatasetErrors", "Lines that were left out"),
  ...deletion("Dataset", "datasets/:datasetId"),

  "POST /v1/experiments": named("createExperiment", "Submits an experiment, which becomes runs"),
  "GET /v1/experiments": named("listExperiments", "The team's experiments with their reports, newest first"),
  "GET /v1/experiments/:experimentId": named("getExperiment", "An experiment with its report"),
  "GET /v1/experiments/:experimentId/comparison": named(
    "compareVariants",
    "Its variants against one of them, with intervals",
  ),
  "POST /v1/experiments/:experimentId/promote": named(
    "promoteExperiment",
    "Marks the model that passes a rule",
  ),
  "PATCH /v1/experiments/:experimentId": named(
    "changeExperiment",
    "Changes class, priority or limits of its runs",
  ),
  "POST /v1/experiments/:experimentId/cancel": named(
    "cancelExperiment",
    "Cancels its runs that have not ended",
  ),
  "POST /v1/experiments/:experimentId/hold": named("holdExperiment", "Keeps its runs from starting"),
  "POST /v1/experiments/:experimentId/release": named("releaseExperiment", "Lets its held runs start"),
  "POST /v1/experiments/:experimentId/retry": named("retryExperiment", "Queues again what did not succeed"),
  "POST /v1/experiments/:experimentId/clone": named("cloneExperiment", "Submits it again, with changes"),
  ...deletion("Experiment", "experiments/:experimentId", " with its runs"),

  "POST /v1/graphs": named("createGraph", "Submits runs that depend on one another, all or none"),

  "POST /v1/arrays": named("createArray", "Submits runs that differ in an index, all or none"),
  "GET /v1/arrays": named("listArrays", "The team's arrays, newest first"),
  "GET /v1/arrays/:arrayId": named("getArray", "An array with the states of its runs"),
  "PATCH /v1/arrays/:arrayId": named("changeArray", "Changes class, priority or limits of its runs"),
  "POST /v1/arrays/:arrayId/cancel": named("cancelArray", "Cancels its runs that have not ended"),
  "POST /v1/arrays/:arrayId/hold": named("holdArray", "Keeps its runs from starting"),
  "POST /v1/arrays/:arrayId/release": named("releaseArray", "Lets its held runs start"),

  "GET /v1/audit": named("listAudit", "Who has changed what, newest first"),

  "GET /v1/views": named("listViews", "The views that the user keeps, and those that the team shares"),
  "POST /v1/views": named("createView", "Keeps filters and columns of a page under a name"),
  "PUT /v1/views/:viewId": named("changeView", "Puts another view in its place"),
  "DELETE /v1/views/:viewId": named("deleteView", "Removes a view"),

  "POST /v1/webhooks": named("createWebhook", "Makes a webhook, whose secret is shown this once"),
  "GET /v1/webhooks": named("listWebhooks", "The team's webhooks, newest first"),
  "GET /v1/webhooks/:webhookId": named("getWebhook", "A webhook, and whether it is paused"),
  "PATCH /v1/webhooks/:webhookId": named("changeWebhook", "Changes, pauses or resumes a webhook"),
  "DELETE /v1/webhooks/:webhookId": named("deleteWebhook", "Removes a webhook and what is still to be sent"),
  "POST /v1/webhooks/:webhookId/ping": named("pingWebhook", "Sends a message that says nothing"),
  "GET /v1/webhooks/:webhookId/deliveries": named(
    "listWebhookDeliveries",
    "What was sent and how it went, newest first",
  ),
  "POST /v1/webhooks/:webhookId/deliveries/:deliveryId/redeliver": named(
    "redeliverWebhook",
    "Sends a message once more, with its old id",
  ),

  "POST /v1/schedules": named("createSchedule", "Makes a schedule, which submits by the calendar"),
  "GET /v1/schedules": named("listSchedules", "The team's schedules, newest first"),
  "GET /v1/schedules/:scheduleId": named("getSchedule", "A schedule with its last firing"),
  "PATCH /v1/schedules/:scheduleId": named("changeSchedule", "Changes what it does when firings overlap"),
  "GET /v1/schedules/:scheduleId/firings": named("listFirings", "What came of its due times, newest first"),
  "POST /v1/schedules/:scheduleId/pause": named("pauseSchedule", "Lets it fire no more"),
  "POST /v1/schedules/:scheduleId/resume": named(
    "resumeSchedule",
    "Lets it fire again from its next time on",
  ),
  "DELETE /v1/schedules/:scheduleId": named("deleteSchedule", "Removes a schedule; what it submitted stays"),

  "POST /v1/runs": named("createRun", "Submits a run"),
  "GET /v1/runs": named("listRuns", "The team's runs, by filters, in the order that is asked for"),
  "POST /v1/plan": named("planSubmission", "What would become of a submission; nothing is written"),
  "GET /v1/runs/facets": named("countRuns", "How many runs each value of a filter would leave"),
  "POST /v1/runs/actions": named("actOnRuns", "Cancels, retries, holds, releases or deletes many runs"),
  "GET /v1/series": named("getSeries", "Metrics of several runs, by ranges of steps"),
  "GET /v1/runs/:runId": named("getRun", "A run"),
  "PATCH /v1/runs/:runId": named("changeRun", "Changes class, priority, limits, hold, name, tags or notes"),
  "POST /v1/runs/:runId/cancel": named("cancelRun", "Cancels it, or asks it to stop where it computes"),
  "POST /v1/runs/:runId/hold": named("holdRun", "Keeps it from starting"),
  "POST /v1/runs/:runId/release": named("releaseRun", "Lets a held run start"),
  "POST /v1/runs/:runId/retry": named("retryRun", "Queues it again after it ended without success"),
  "POST /v1/runs/:runId/clone": named("cloneRun", "Submits it again, with changes"),
  "GET /v1/runs/:runId/attempts": named("listAttempts", "Its attempts, oldest first"),
  "GET /v1/runs/:runId/artifacts": named("listRunArtifacts", "The files that it made"),
  "GET /v1/runs/:runId/metrics": named("listMetrics", "What it measured, by name and step"),
  "GET /v1/runs/:runId/timeline": named("getTimeline", "What has happened to it, oldest first"),
  "GET /v1/runs/:runId/logs": named("listLogs", "Its log, from its first line or its last ones"),
  "GET /v1/runs/:runId/events": named("followRun", "Its events as they happen"),
  ...deletion("Run", "runs/:runId", " with what it made"),

  "GET /v1/artifacts/:artifactId": named("getArtifact", "What is known of a file that a run made"),
  "GET /v1/artifacts/:artifactId/content": named("getArtifactContent", "The file itself, or a part of it"),
  ...deletion("Artifact", "artifacts/:artifactId"),

  "GET /v1/events": named("followEvents", "The events of all runs of the team as they happen"),

  "GET /v1/overview": named(
    "getOverview",
    "What is wrong, devices, queue, shares, and what has ended of late",
  ),
  "GET /v1/pool": named("getPool", "How the pool is, and what is wrong with it"),
  "GET /v1/queue": named(
    "listQueue",
    "The runs that wait for devices, in the order in which they would start",
  ),
  "GET /v1/workers": named("listWorkers", "The workers with their devices"),
  "GET /v1/workers/:workerId": named("getWorker", "A worker with its devices"),
  "GET /v1/workers/:workerId/events": named("listWorkerEvents", "What happened to it, newest first"),
  "GET /v1/workers/:workerId/devices/:deviceId/history": named(
    "getDeviceHistory",
    "What ran on a device and what held it, newest first",
  ),
  "POST /v1/workers/:workerId/drain": named("drainWorker", "Lets it take no more runs"),
  "POST /v1/workers/:workerId/resume": named("resumeWorker", "Lets it take runs again"),
  "POST /v1/workers/:workerId/devices/:deviceId/cordon": named(
    "cordonDevice",
    "Keeps new runs from a device",
  ),
  "POST /v1/workers/:workerId/devices/:deviceId/uncordon": named(
    "uncordonDevice",
    "Ends every hold of a device",
  ),

  "GET /v1/garbage": named("listGarbage", "What the next sweep would free, and why"),
  "POST /v1/garbage/sweep": named("sweepGarbage", "Sweeps for up to ten seconds; what is left comes back"),

  "GET /v1/session": named("getSignInWays", "How a browser can sign in"),
  "POST /v1/session": named("signIn", "Signs a browser in with a key; its session is in a cookie"),
  "DELETE /v1/session": named("signOut", "Ends the browser's session"),
  "GET /v1/me": named("getMe", "Whose the key is, and what its team and its user may use and have used"),
  "GET /v1/keys": named("listKeys", "The keys of the team, or of a user who is no admin"),
  "POST /v1/keys": named("createKey", "Makes a key, whose text is shown this once"),
  "POST /v1/keys/:keyId/rotate": named("rotateKey", "Makes a key's successor; both work for a while"),
  "DELETE /v1/keys/:keyId": named("revokeKey", "Revokes a key at once"),

  "GET /v1/teams": named("listTeams", "The teams with their quotas and their usage"),
  "GET /v1/teams/:team": named("getTeam", "A team with its quota and its usage"),
  "PUT /v1/teams/:team": named("changeTeam", "Changes its weight and its quota"),
  "GET /v1/teams/:team/retention": named("getRetention", "For how long it keeps what grows by itself"),
  "PUT /v1/teams/:team/retention": named("changeRetention", "Changes for how long it keeps that"),
  "PUT /v1/teams/:team/users/:user": named("changeUser", "Changes the weight and the quota of a user"),
  "POST /v1/teams/:team/keys": named("createTeamKey", "Makes a key, whose text is shown this once"),
};
