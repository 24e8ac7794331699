import Fastify, { type RouteOptions } from "fastify";
import { expect, test } from "vitest";
import { access, member } from "./access.ts";

async function serverWith(route: Pick<RouteOptions, "config">) {
  const app = Fastify();
  await app.register(access, {
    authenticate: async () => ({ refusal: "malformed" }),
    owners: { of: async () => undefined },
  });
  await app.register(async (child) => void child.get("/things", route, () => "things"));
  await app.ready();
  return app;
}

test("a server starts when every route says who may call it", async () => {
  const app = await serverWith({ config: member });
  expect(app.hasRoute({ method: "GET", url: "/things" })).toBe(true);
});

test("a server does not start when a route does not say who may call it", async () => {
  await expect(serverWith({})).rejects.toThrow("GET /things does not say who may call it");
});

test("a route whose config names no role does not compile, and does not start either", async () => {
  // @ts-expect-error The role is missing.
  await expect(serverWith({ config: {} })).rejects.toThrow("does not say who may call it");
});
