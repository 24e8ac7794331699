import { afterAll, beforeAll, expect, it } from "vitest";
import type { TestApi } from "../api/service.ts";
import { describedOperations } from "../servers/described.ts";
import { placesOf, Samples, withValue, type Schema } from "./samples.ts";
import { seed } from "./seeds.ts";
import { broken, cursors, deep, numbers, others, texts } from "./values.ts";

interface Parameter {
  $ref?: string;
  name: string;
  in: "path" | "query" | "header";
  required?: boolean;
  schema: Schema;
}
interface Operation {
  method: string;
  path: string;
  parameters: Parameter[];
  requestBody?: { required?: boolean; content: Record<string, { schema: Schema }> };
  responses: Record<string, unknown>;
}

let api: TestApi;
let app: TestApi["app"];
let key: string;
let ids: Record<string, string>;
let samples: Samples;
let operations: Operation[];

beforeAll(async () => {
  ({ api, key, ids } = await seed());
  ({ app } = api);
  const document = (await app.inject("/openapi.json")).json() as {
    paths: Record<string, Record<string, Operation>>;
    components: { schemas: Record<string, Schema>; parameters: Record<string, Parameter> };
  };
  samples = new Samples(document.components.schemas, ids);
  operations = describedOperations<Operation, Parameter>(document)
    // A stream that is accepted does not end; what is refused of it is the test of streams.
    .filter(({ path }) => !path.endsWith("/events") || path.includes("workers"))
    // What deletes comes last.
    .sort((a, b) => Number(a.method === "DELETE") - Number(b.method === "DELETE"));
});
afterAll(() => api.close());

interface Values {
  path: Record<string, string>;
  query: Record<string, string>;
  header: Record<string, string>;
  body?: string | undefined;
  type?: string | undefined;
}

/** A request that fits the description. */
function honest({ parameters, requestBody }: Operation): Values {
  const values: Values = { path: {}, query: {}, header: {} };
  for (const { name, in: where, required, schema } of parameters)
    if (required) values[where][name] = String(samples.of(schema)[0]);
  const [type] = Object.keys(requestBody?.content ?? {});
  if (type === undefined) return values;
  const isJson = type.includes("json");
  const body = isJson ? JSON.stringify(samples.of(requestBody!.content[type].schema)[0]) : "x";
  return { ...values, type, body };
}

/** What is wrong with the answer; undefined when nothing is. */
async function fault(operation: Operation, values: Values, what: string): Promise<string | undefined> {
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encode(values.path[name]));
  const query = Object.entries(values.query).map(([name, value]) => `${name}=${encode(value)}`);
  const { statusCode, headers, body } = await app.inject({
    method: operation.method as "GET",
    url: `${path}?${query.join("&")}`,
    headers: {
      authorization: `Bearer ${key}`,
      ...values.header,
      ...(values.type === undefined ? {} : { "content-type": values.type }),
    },
    ...(values.body === undefined ? {} : { payload: values.body }),
  });
  const said = `${operation.method} ${operation.path} with ${what.slice(0, 80)}: ${statusCode}`;
  if (statusCode >= 500) return `${said} ${body.slice(0, 200)}`;
  // The `default` of every operation stands for problems alone.
  if (!(statusCode in operation.responses) && statusCode < 400) return `${said} is not in the description`;
  const type = String(headers["content-type"]);
  if (statusCode >= 400 && !type.startsWith("application/problem+json")) return `${said} is ${type}`;
  return undefined;
}

/** As a client writes it into a URL. Half of a surrogate pair has no UTF-8, so it is written as what it would be. */
const encode = (text: string): string =>
  encodeURIComponent(text.replaceAll("\ud800", "\u0001")).replaceAll("%01", "%ED%A0%80");

/** Texts that a URL or a header has in place of a parameter. */
function hostileTexts({ name, schema: given }: Parameter): string[] {
  const schema = samples.resolve(given);
  if (schema.type === "integer" || schema.type === "number")
    return [...numbers(schema).map(String), "NaN", "1e400", "", "0x10", "\0"];
  return ["cursor", "Last-Event-ID"].includes(name) ? cursors : texts;
}

/** The faults of requests that do not depend on one another, a few of which are under way at a time. */
async function faultsOf(requests: (() => Promise<string | undefined>)[], least: number): Promise<string[]> {
  expect(requests.length).toBeGreaterThan(least);
  const faults: string[] = [];
  const left = requests.values();
  const work = async (): Promise<void> => {
    for (const request of left) {
      const found = await request();
      if (found !== undefined) faults.push(found);
    }
  };
  await Promise.all(Array.from({ length: 8 }, work));
  return faults;
}

it("a file of no bytes is sent as it is, and has no part", async () => {
  const path = `${api.url}/v1/artifacts/${ids.ArtifactId}/content`;
  const headers = { authorization: `Bearer ${key}` };
  const whole = await fetch(path, { headers });
  expect({
    status: whole.status,
    length: whole.headers.get("content-length"),
    text: await whole.text(),
  }).toEqual({ status: 200, length: "0", text: "" });
  const part = await fetch(path, { headers: { ...headers, range: "bytes=0-0" } });
  expect({ status: part.status, range: part.headers.get("content-range") }).toEqual({
    status: 416,
    range: "bytes */0",
  });
  const head = await fetch(path, { method: "HEAD", headers });
  expect({ status: head.status, length: head.headers.get("content-length") }).toEqual({
    status: 200,
    length: "0",
  });
});

it("every operation of the description refuses a hostile parameter by a problem, and never fails of it", async () => {
  const requests = operations.flatMap((operation) =>
    operation.parameters.flatMap((parameter) =>
      hostileTexts(parameter)
        // A header cannot carry these; a client that tries gets 400 of the parser.
        .filter((text) => parameter.in !== "header" || /^[\x20-\x7e]*$/.test(text))
        .map((text) => () => {
          const values = honest(operation);
          values[parameter.in][parameter.name] = text;
          return fault(operation, values, `${parameter.name}=${JSON.stringify(text)}`);
        }),
    ),
  );
  expect(await faultsOf(requests, 800)).toEqual([]);
});

it("no operation refuses a JSON content type without a body where none is needed", async () => {
  const open = operations.filter(({ requestBody }) => requestBody?.required !== true);
  expect(open.length).toBeGreaterThan(60);
  const faults: string[] = [];
  for (const { method, path: template, parameters, requestBody } of open) {
    // Of things that there are not, so that both answers are the same and nothing ends.
    const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
      const { schema } = parameters.find((each) => each.in === "path" && each.name === name)!;
      const id = ids[schema.$ref?.split("/").at(-1) ?? ""];
      return id === undefined ? "0" : `${id.slice(0, -4)}0000`;
    });
    const ask = async (type: Record<string, string>): Promise<number> => {
      const headers = { authorization: `Bearer ${key}`, ...type };
      return (await app.inject({ method: method as "GET", url: path, headers })).statusCode;
    };
    const bare = await ask({});
    const types = ["application/json", "application/json; charset=utf-8"];
    if (requestBody !== undefined) types.push("application/merge-patch+json");
    for (const type of types) {
      const named = await ask({ "content-type": type });
      if (named !== bare) faults.push(`${method} ${template} with ${type}: ${bare}, ${named}`);
    }
  }
  expect(faults).toEqual([]);
});

it("every operation of the description refuses a hostile body by a problem, and never fails of it", async () => {
  /** Places that were tried; what several operations have is tried in the first. */
  const tried = new Set<string>();
  const requests = operations.flatMap((operation) => {
    const [type, media] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
    const send = (body: string, what: string, as = type) => {
      return () => fault(operation, { ...honest(operation), type: as, body }, what);
    };
    const whole = [
      ...(type === undefined ? [] : broken.map((body) => send(body, body))),
      send("<a/>", "XML", "application/xml"),
      send(deep, "depth", "application/json"),
    ];
    const places = type?.includes("json") ? samples.of(media.schema) : [];
    const parts = places.flatMap((sample) =>
      [...placesOf(sample)].flatMap(({ path, value }) => {
        const place = `${path.slice(-2).join("/")} ${typeof value}`;
        if (tried.has(place)) return [];
        tried.add(place);
        return bodyValues(value).map((each) =>
          send(JSON.stringify(withValue(sample, path, each)), `${path.join("/")}: ${JSON.stringify(each)}`),
        );
      }),
    );
    return [...whole, ...parts];
  });
  expect(await faultsOf(requests, 1_500)).toEqual([]);
});

function bodyValues(value: unknown): readonly unknown[] {
  if (typeof value === "string") return [...texts, ...others];
  return typeof value === "number" ? [...numbers({}), ...others] : others;
}

it("an event stream refuses an id that no event has", async () => {
  const faults: string[] = [];
  for (const path of ["/v1/events", `/v1/runs/${(await api.client.runs.list()).items[0].id}/events`])
    for (const id of cursors.filter((each) => /^[\x21-\x7e]{1,9000}$/.test(each))) {
      const headers = { authorization: `Bearer ${key}`, "last-event-id": id };
      const answer = await fetch(`${api.url}${path}`, { headers });
      await answer.body?.cancel();
      if (answer.status !== 400) faults.push(`${path} ${id}: ${answer.status}`);
    }
  expect(faults).toEqual([]);
});

it("every path refuses a method that it does not have, and says which it has", async () => {
  const answers = await Promise.all(
    [...new Set(operations.map(({ path }) => path))].map(async (path) => {
      const url = `${api.url}${path.replaceAll(/\{.+?\}/g, "x")}`;
      const { status, headers } = await fetch(url, { method: "QUERY" });
      return { path, status, allows: headers.get("allow") !== null };
    }),
  );
  expect(answers.filter(({ status, allows }) => status !== 405 || !allows)).toEqual([]);
  expect(answers.length).toBeGreaterThan(50);
});
