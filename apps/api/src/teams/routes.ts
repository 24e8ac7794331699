import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import {
  KeyCreate,
  Name,
  NewApiKey,
  Retention,
  RetentionChange,
  Team,
  TeamChange,
  UserChange,
} from "@espalier/contract";
import type { Store } from "@espalier/store";
import { Type } from "typebox";
import { ofTeam, operator } from "../auth/access.ts";
import { actorOf, principalOf } from "../auth/principal.ts";
import { list } from "../http/page.ts";
import { mint } from "../keys/mint.ts";

const TeamName = Type.Object({ team: Name }, { additionalProperties: false });
const UserName = Type.Object({ team: Name, user: Name }, { additionalProperties: false });

/** Teams with their weights, quotas and keys. */
export const teams: FastifyPluginAsyncTypebox<{ store: Store }> = async (app, { store }) => {
  app.get("/", { config: operator, schema: { response: { 200: list(Team) } } }, async () => ({
    items: await store.teams.list(),
  }));

  const one = { params: TeamName, response: { 200: Team } };
  app.get("/:team", { config: ofTeam("viewer"), schema: one }, (request) =>
    store.teams.get(request.params.team),
  );

  app.put("/:team", { config: operator, schema: { ...one, body: TeamChange } }, async (request) => {
    const by = actorOf(request);
    const { team } = request.params;
    request.log.info({ team, change: request.body, by }, "team changed");
    return store.teams.change(team, request.body);
  });

  const kept = { params: TeamName, response: { 200: Retention } };
  app.get("/:team/retention", { config: ofTeam("viewer"), schema: kept }, (request) =>
    store.policies.get(request.params.team),
  );
  app.put(
    "/:team/retention",
    { config: ofTeam("admin"), schema: { ...kept, body: RetentionChange } },
    (request) => {
      const { team } = request.params;
      request.log.info({ team, change: request.body, by: actorOf(request) }, "retention changed");
      return store.policies.change(team, request.body);
    },
  );

  app.put(
    "/:team/users/:user",
    { config: ofTeam("admin"), schema: { params: UserName, body: UserChange, response: { 200: Team } } },
    async (request) => {
      const by = actorOf(request);
      const { team, user } = request.params;
      request.log.info({ team, user, change: request.body, by }, "user changed");
      return store.teams.changeUser(team, user, request.body);
    },
  );

  app.post(
    "/:team/keys",
    { config: ofTeam("admin"), schema: { params: TeamName, body: KeyCreate, response: { 201: NewApiKey } } },
    async (request, reply) =>
      reply.code(201).send(await mint(store, principalOf(request), request.params.team, request.body)),
  );
};
