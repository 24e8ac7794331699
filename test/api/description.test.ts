import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describedOperations } from "../servers/described.ts";
import { listenUnconnected } from "../servers/unconnected.ts";

type Parameter = { $ref?: string; name: string; in: string; schema: object };
interface Operation {
  operationId: string;
  summary: string;
  tags: string[];
  parameters?: Parameter[];
  requestBody?: { required: boolean; content: Record<string, unknown> };
  responses: Record<string, { $ref?: string; content?: Record<string, unknown> }>;
}
interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: Record<"schemas" | "responses" | "headers", Record<string, object>> & {
    parameters: Record<string, Parameter>;
  };
}

let server: Awaited<ReturnType<typeof listenUnconnected>>;
let text: string;
let document: Document;
beforeAll(async () => {
  server = await listenUnconnected();
  text = await (await fetch(`${server.url}/openapi.json`)).text();
  document = JSON.parse(text) as Document;
});
afterAll(() => server.close());

type Answers = Operation["responses"];
/** Answers with what they refer to. */
const answers = (given: Answers): Answers =>
  Object.fromEntries(
    Object.entries(given).map(([status, { $ref, ...answer }]) => [
      status,
      $ref === undefined
        ? answer
        : (document.components.responses[$ref.split("/").at(-1)!] as Answers[string]),
    ]),
  );
const operations = () =>
  describedOperations<Operation, Parameter>(document).map((each) => ({
    ...each,
    name: `${each.method} ${each.path}`,
    responses: answers(each.responses),
  }));
const operation = (name: string) => operations().find((each) => each.name === name)!;

describe("the API's description", () => {
  it("is a document of OpenAPI 3.1", async () => {
    const { valid, errors } = await new Validator().validate(JSON.parse(text) as Record<string, unknown>);
    expect(errors).toBeUndefined();
    expect(valid).toBe(true);
  });

  it("is small enough to be read, because schemas are written once", () => {
    expect(Buffer.byteLength(text)).toBeLessThan(150_000);
    const anchors = [...text.matchAll(/"\$ref":"#\/components\/(\w+)\/([\w-]+)"/g)];
    for (const [, kind, name] of anchors)
      expect(document.components[kind as "schemas"], name).toHaveProperty([name]);
    const named = Object.keys(document.components.schemas);
    expect(named.filter((name) => !anchors.some(([, , other]) => other === name))).toEqual([]);
    expect(named).toEqual(expect.arrayContaining(["Run", "RunId", "ExperimentSpec", "ProblemDocument"]));
  });

  it("names every operation once, with a line about it", () => {
    const ids = operations().map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { name, operationId, summary, tags } of operations()) {
      expect(operationId, name).toMatch(/^[a-z][A-Za-z]+$/);
      expect(summary, name).toMatch(/^[A-Z].{3,}[^.]$/);
      expect(tags, name).toHaveLength(1);
    }
  });

  it("says of every parameter of a path what it is", () => {
    for (const { name, path, parameters } of operations()) {
      const said = parameters.filter((each) => each.in === "path").map((each) => each.name);
      expect(said.sort(), name).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, each]) => each).sort());
    }
  });

  it("says which headers count", () => {
    const headers = (name: string) =>
      operation(name)
        .parameters.filter((each) => each.in === "header")
        .map((each) => each.name);
    expect(headers("POST /v1/models")).toEqual(["Idempotency-Key", "Hub-Token"]);
    expect(headers("GET /v1/events")).toEqual(["Last-Event-ID"]);
    expect(headers("GET /v1/artifacts/{artifactId}/content")).toContain("Range");
    // An answer that holds a secret is not kept, so that these take no Idempotency-Key: keys, sessions and
    // webhooks; a plan makes nothing.
    const making = operations().filter(
      ({ method, path }) =>
        method === "POST" &&
        (/^\/v1\/(?!keys|plan|session|webhooks)\w+$/.test(path) || path.endsWith("/clone")),
    );
    expect(making.length).toBeGreaterThan(8);
    for (const { name } of making) expect(headers(name), name).toContain("Idempotency-Key");
  });

  it("says what bodies and answers are", () => {
    const body = (name: string) => operation(name).requestBody;
    const file = "application/octet-stream";
    expect(Object.keys(body("POST /v1/datasets")!.content)).toEqual([file]);
    expect(Object.keys(body("PUT /v1/uploads/{uploadId}/files/{name}")!.content)).toEqual([file]);
    expect(body("POST /v1/runs/{runId}/clone")).toMatchObject({
      required: false,
      content: { "application/json": {}, "application/merge-patch+json": {} },
    });
    expect(body("POST /v1/runs/{runId}/cancel")).toBeUndefined();
    expect(operation("GET /v1/events").responses[200].content).toHaveProperty(["text/event-stream"]);
    expect(operation("DELETE /v1/schedules/{scheduleId}").responses[204]).toEqual({
      description: "No Content",
    });
    const { responses } = operation("GET /v1/artifacts/{artifactId}/content");
    expect(Object.keys(responses)).toEqual(expect.arrayContaining(["200", "206", "304"]));
    for (const { name, responses } of operations())
      expect(responses, name).toMatchObject({ default: document.components.responses.Problem });
  });

  it("says of every text which characters it may have", () => {
    const free: string[] = [];
    const visit = (value: unknown, path: string): void => {
      if (typeof value !== "object" || value === null) return;
      const schema = value as Record<string, unknown>;
      if (schema.type === "string" && !["pattern", "enum", "const", "format"].some((key) => key in schema))
        free.push(path);
      for (const [name, each] of Object.entries(schema)) visit(each, `${path}/${name}`);
    };
    // What nobody sends may hold what it will.
    const sent = new Set<string>();
    const follow = (part: unknown): void => {
      for (const [, name] of (JSON.stringify(part) ?? "").matchAll(/"#\/components\/schemas\/([\w-]+)"/g)) {
        if (sent.has(name)) continue;
        sent.add(name);
        follow(document.components.schemas[name]);
      }
    };
    for (const { name, parameters, requestBody } of operations()) {
      visit({ parameters, requestBody }, name);
      follow({ parameters, requestBody });
    }
    expect(sent.size).toBeGreaterThan(30);
    for (const name of sent) visit(document.components.schemas[name], name);
    expect(free).toEqual([]);
  });
});
