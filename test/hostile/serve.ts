/**
 * The API with the data of a team, for schemathesis to ask, until a signal ends it. Prints its URL and an operator's key, and in a
 * second line, as an inline table of TOML, what to name in paths. A third one has the key of an admin of another team, by which keys are ended,
 * and the ids of two that may be: else the first key would not live for long.
 */
import { once } from "node:events";
import { createClient } from "@espalier/contract";
import { seed } from "./seeds.ts";
import { startPostgres } from "../servers/postgres.ts";

const server = await startPostgres();
const { api, key, ids } = await seed(server.url);
const hook = { name: "hook", url: "https://example.com/hook", events: ["experiment.ended" as const] };
const { webhook } = await createClient({ url: api.url, key }).webhooks.create(hook);
// An upload ends when a model is made of it, and anybody can begin one.
const { UploadId: _, ...lasting } = ids;
const named = Object.entries({ ...lasting, WebhookId: webhook.id }).map(
  ([noun, id]) => `"path.${noun[0].toLowerCase()}${noun.slice(1)}" = "${id}"`,
);
const { id: spareTeam } = await api.store.teams.ensure("spare");
const spare = (name: string) => api.store.teams.createKey(spareTeam, { name, role: "admin" });
const [ending, rotated, revoked] = [await spare("ending"), await spare("rotated"), await spare("revoked")];
console.log(`${api.url} ${key}\n{ ${named.join(", ")} }\n${ending.text} ${rotated.key.id} ${revoked.key.id}`);
await Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
await api.close();
await server.remove();
