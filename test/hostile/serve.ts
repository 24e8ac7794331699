/** The API with the data of a team, for schemathesis to ask, until a signal ends it. Prints its URL and an operator's key. */
import { once } from "node:events";
import { seed } from "./seeds.ts";
import { startPostgres } from "../servers/postgres.ts";

const server = await startPostgres();
const { api, key } = await seed(server.url);
console.log(`${api.url} ${key}`);
await Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
await api.close();
await server.remove();
