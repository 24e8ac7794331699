import { expect, test } from "vitest";
import { changeOf } from "./change.ts";

const change = (body: unknown, params: object = {}, query: object = {}) =>
  changeOf({ body, params, query }, ["runId"]);

test("a change is what the request asks for, without the subject", () => {
  expect(change({ priority: 3 }, { runId: "run_1", name: "config.json" }, { models: true })).toEqual({
    name: "config.json",
    models: true,
    priority: 3,
  });
});

test("nothing that lets its reader in is kept, and of an address its origin alone", () => {
  expect(
    change({
      secret: "whsec_1",
      apiToken: "hf_1",
      password: { deep: "x" },
      url: "https://user:pass@hooks.example.org/T0/B0/secret?token=1",
    }),
  ).toEqual({ secret: "hidden", apiToken: "hidden", password: "hidden", url: "https://hooks.example.org" });
  expect(change({ url: "no url" })).toEqual({ url: "hidden" });
});

test("what is long is not copied, and a body that is a stream is none", () => {
  expect(change({ spec: { text: "x".repeat(2000) }, name: "n" })).toEqual({
    spec: "2011 characters",
    name: "n",
  });
  const many = change(Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`f${i}`, "y".repeat(100)])));
  expect(JSON.stringify(many).length).toBeLessThan(8000);
  expect(change({ pipe: () => undefined, big: "z" })).toEqual({});
  expect(change(undefined)).toEqual({});
});
