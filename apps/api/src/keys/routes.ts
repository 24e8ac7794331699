import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { ApiKey, idOf, KeyCreate, KeyQuery, KeyRotate, NewApiKey } from "@espalier/contract";
import type { Store } from "@espalier/store";
import { Type } from "typebox";
import { admin, viewer } from "../auth/access.ts";
import { principalOf } from "../auth/principal.ts";
import { page } from "../http/page.ts";
import { mint } from "./mint.ts";
import { checkExpiry, keyFor, teamFor, seenKeys } from "./rights.ts";

const KeyId = Type.Object({ keyId: idOf("key") }, { additionalProperties: false });

/** The API keys of a team: an admin's are all of them, everybody else's are those of their user. */
export const keys: FastifyPluginAsyncTypebox<{ store: Store }> = async (app, { store }) => {
  const { teams } = store;

  app.get(
    "/",
    { config: viewer, schema: { querystring: KeyQuery, response: { 200: page(ApiKey) } } },
    async (request) => {
      const by = principalOf(request);
      const { team, ...query } = request.query;
      const teamId = await teamFor(teams, by, team);
      return teams.listKeys(teamId, { ...query, ...seenKeys(by, teamId) });
    },
  );

  app.post(
    "/",
    { config: admin, schema: { body: KeyCreate, response: { 201: NewApiKey } } },
    async (request, reply) => {
      const by = principalOf(request);
      return reply.code(201).send(await mint(store, by, by.teamName, request.body));
    },
  );

  app.post(
    "/:keyId/rotate",
    {
      config: viewer,
      schema: { params: KeyId, body: KeyRotate, bodyIsOptional: true, response: { 201: NewApiKey } },
    },
    async (request, reply) => {
      const by = principalOf(request);
      const key = await keyFor(teams, by, request.params.keyId, "rotate");
      checkExpiry(by, key, request.body.expiresAt);
      return reply.code(201).send(await teams.rotateKey(key.teamId, key.id, request.body));
    },
  );

  app.delete(
    "/:keyId",
    { config: viewer, schema: { params: KeyId, response: { 200: ApiKey } } },
    async (request) => {
      const key = await keyFor(teams, principalOf(request), request.params.keyId, "revoke");
      return teams.revokeKey(key.teamId, key.id);
    },
  );
};
