import Fastify from "fastify";
import { expect, it } from "vitest";
import { anyone } from "../auth/access.ts";
import { openapi } from "./openapi.ts";

it("a server with a route that has no name does not start", async () => {
  const app = Fastify();
  await app.register(openapi, { version: "0" });
  const add = async () => {
    await app.register(async (child) => void child.get("/v1/things", { config: anyone }, () => ""));
  };
  await expect(add()).rejects.toThrow("GET /v1/things has no name");
});
