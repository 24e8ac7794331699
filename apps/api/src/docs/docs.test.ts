import { expect, test } from "vitest";
import { referencePage, type Description } from "./page.ts";

const api: Description = {
  info: { title: "T", version: "1", description: "First.\n\nErrors have a `code`." },
  tags: [{ name: "things" }],
  paths: {
    "/v1/things/{id}": {
      get: {
        operationId: "getThing",
        summary: "A thing <b>",
        tags: ["things"],
        parameters: [{ name: "id", in: "path", required: true, schema: { type: "string", maxLength: 5 } }],
        responses: {
          "200": { content: { "application/json": { schema: { $ref: "#/components/schemas/Thing" } } } },
          default: { $ref: "#/components/responses/Problem" },
        },
      },
    },
  },
  components: {
    schemas: {
      Thing: {
        type: "object",
        required: ["id"],
        properties: {
          id: { type: "string" },
          parts: { type: "array", items: { type: "object", properties: { kind: { enum: ["a", "b"] } } } },
        },
      },
    },
    parameters: {},
    responses: { Problem: { description: "a problem" } },
  },
};

test("the reference shows operations, their roles, parameters and answers, and the fields of schemas, escaped", () => {
  const page = referencePage(api);
  expect(page).toContain("A thing &lt;b&gt;");
  expect(page).toMatch(/<b>GET<\/b> <code>\/v1\/things\/\{id\}<\/code>/);
  expect(page).toContain("role <code>viewer</code>");
  expect(page).toContain("at most 5 characters");
  expect(page).toContain('<a href="#schema-Thing">Thing</a>');
  expect(page).toContain('<h3 id="schema-Thing">Thing</h3>');
  expect(page).toContain("<code>a</code> | <code>b</code>");
  expect(page).toContain("a problem");
  expect(page).not.toMatch(/<script|style=|https?:\/\//);
  for (const [, name] of page.matchAll(/href="#([^"]+)"/g)) expect(page).toContain(`id="${name}"`);
});
