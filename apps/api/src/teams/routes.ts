import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import {
  ApiKey,
  KeyCreate,
  Name,
  Retention,
  RetentionChange,
  Team,
  TeamChange,
  UserChange,
} from "@espalier/contract";
import type { Store } from "@espalier/store";
import { Type } from "typebox";
import { operator } from "../auth/access.ts";
import { authorOf } from "../auth/principal.ts";
import { list } from "../http/page.ts";

const TeamName = Type.Object({ team: Name }, { additionalProperties: false });
const UserName = Type.Object({ team: Name, user: Name }, { additionalProperties: false });

/** Teams with their weights, quotas and keys. */
export const teams: FastifyPluginAsyncTypebox<{ store: Store }> = async (app, { store }) => {
  app.get("/", { config: operator, schema: { response: { 200: list(Team) } } }, async () => ({
    items: await store.teams.list(),
  }));

  const one = { params: TeamName, response: { 200: Team } };
  app.get("/:team", { config: operator, schema: one }, (request) => store.teams.get(request.params.team));

  app.put("/:team", { config: operator, schema: { ...one, body: TeamChange } }, async (request) => {
    const by = authorOf(request);
    const { team } = request.params;
    request.log.info({ team, change: request.body, by }, "team changed");
    return store.teams.change(team, request.body);
  });

  const kept = { params: TeamName, response: { 200: Retention } };
  app.get("/:team/retention", { config: operator, schema: kept }, (request) =>
    store.policies.get(request.params.team),
  );
  app.put("/:team/retention", { config: operator, schema: { ...kept, body: RetentionChange } }, (request) => {
    const { team } = request.params;
    request.log.info({ team, change: request.body, by: authorOf(request) }, "retention changed");
    return store.policies.change(team, request.body);
  });

  app.put(
    "/:team/users/:user",
    { config: operator, schema: { params: UserName, body: UserChange, response: { 200: Team } } },
    async (request) => {
      const by = authorOf(request);
      const { team, user } = request.params;
      request.log.info({ team, user, change: request.body, by }, "user changed");
      return store.teams.changeUser(team, user, request.body);
    },
  );

  app.post(
    "/:team/keys",
    {
      config: operator,
      schema: {
        params: TeamName,
        body: KeyCreate,
        response: { 201: Type.Object({ key: ApiKey, text: Type.String() }) },
      },
    },
    async (request, reply) => {
      const { name, user, role } = request.body;
      const { id } = await store.teams.ensure(request.params.team);
      return reply.code(201).send(await store.teams.createKey(id, name, undefined, role, user));
    },
  );
};
