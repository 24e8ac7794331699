import { html, prose, type Html } from "./html.ts";
import { usualRole } from "../openapi/describe.ts";
import { nameOf, notesOf, schemaBlock, typeOf, type Schema } from "./schema.ts";

interface Media {
  schema?: Schema;
}
interface Parameter {
  $ref?: string;
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema: Schema;
}
interface Answer {
  $ref?: string;
  description?: string;
  content?: Readonly<Record<string, Media>>;
}
interface Operation {
  operationId: string;
  summary: string;
  tags: readonly string[];
  /** Empty where it needs no key. */
  security?: readonly object[];
  /** Default: the usual role. */
  "x-role"?: string;
  parameters?: readonly Parameter[];
  requestBody?: { content: Readonly<Record<string, Media>> };
  responses: Readonly<Record<string, Answer>>;
}

type PathItem = Readonly<Record<string, Operation | readonly Parameter[]>>;

/** The API's description, as `describeApi` makes it. */
export interface Description {
  info: { title: string; version: string; description: string };
  tags: readonly { name: string }[];
  paths: Readonly<Record<string, PathItem>>;
  components: {
    schemas: Readonly<Record<string, Schema>>;
    parameters: Readonly<Record<string, Parameter>>;
    responses: Readonly<Record<string, Answer>>;
  };
}

/** The description as a page for people: no script, and nothing from elsewhere. */
export function referencePage(api: Description): string {
  const operations = Object.entries(api.paths).flatMap(([path, { parameters = [], ...methods }]) =>
    Object.entries(methods as Readonly<Record<string, Operation>>).map(([method, operation]) => ({
      path,
      method,
      operation: {
        ...operation,
        parameters: [...(parameters as readonly Parameter[]), ...(operation.parameters ?? [])],
      },
    })),
  );
  const groups = api.tags.map(({ name }) => ({
    name,
    members: operations.filter(({ operation }) => operation.tags.includes(name)),
  }));
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${api.info.title} API ${api.info.version}</title>
        <link rel="stylesheet" href="docs/style.css" />
      </head>
      <body>
        <nav aria-label="Contents">
          <p><a href="./">Dashboard</a> <a href="openapi.json">openapi.json</a></p>
          <ul>
            ${groups.map(
              ({ name, members }) =>
                html`<li><a href="#${name}">${name}</a> <small>${members.length}</small></li> `,
            )}
            <li><a href="#schemas">schemas</a></li>
          </ul>
        </nav>
        <main>
          <h1>${api.info.title} API <small>${api.info.version}</small></h1>
          ${api.info.description.split("\n\n").map((part) => html`<p>${prose(part)}</p>`)}
          ${groups.map(
            ({ name, members }) =>
              html`<section>
                <h2 id="${name}">${name}</h2>
                ${members.map((each) => operationBlock(api, each))}
              </section>`,
          )}
          <section>
            <h2 id="schemas">schemas</h2>
            ${Object.entries(api.components.schemas).map(
              ([name, schema]) =>
                html`<h3 id="schema-${name}">${name}</h3>
                  ${schemaBlock(schema)}`,
            )}
          </section>
        </main>
      </body>
    </html> `.text;
}

function operationBlock(
  api: Description,
  { path, method, operation }: { path: string; method: string; operation: Operation },
): Html {
  const { operationId, summary, security, parameters = [], requestBody, responses } = operation;
  const role = operation["x-role"] ?? usualRole;
  const whole = parameters.map((each) =>
    each.$ref === undefined ? each : api.components.parameters[nameOf(each.$ref)]!,
  );
  return html`<details id="${operationId}">
    <summary><b>${method.toUpperCase()}</b> <code>${path}</code> ${summary}</summary>
    <p>
      <small
        >${operationId}; ${security?.length === 0 ? "needs no key" : html`role <code>${role}</code>`}</small
      >
    </p>
    ${
      whole.length === 0
        ? ""
        : html`<h4>Parameters</h4>
            <table>
              ${whole.map(parameterRow)}
            </table>`
    }
    ${
      requestBody === undefined
        ? ""
        : html`<h4>Body</h4>
            ${mediaBlock(requestBody.content)}`
    }
    <h4>Answers</h4>
    <table>
      ${Object.entries(responses).map(([status, answer]) => answerRow(api, status, answer))}
    </table>
  </details> `;
}

const parameterRow = ({ name, in: where, required = false, description, schema }: Parameter): Html =>
  html`<tr>
    <td><code>${name}</code>${required ? "" : html`<i>optional</i>`}</td>
    <td>${where}, ${typeOf(schema)}</td>
    <td>${notesOf({ ...schema, ...(description === undefined ? {} : { description }) })}</td>
  </tr> `;

const mediaBlock = (content: Readonly<Record<string, Media>>): Html =>
  html`${Object.entries(content).map(
    ([type, { schema = {} }]) =>
      html`<p><small>${type}</small></p>
        ${schemaBlock(schema)}`,
  )}`;

function answerRow(api: Description, status: string, given: Answer): Html {
  const answer = given.$ref === undefined ? given : api.components.responses[nameOf(given.$ref)]!;
  const content = Object.entries(answer.content ?? {});
  return html`<tr>
    <td><code>${status}</code></td>
    <td>
      ${content.map(([, { schema = {} }], i) =>
        schema.properties === undefined ? html`${i > 0 ? ", " : ""}${typeOf(schema)}` : "",
      )}
    </td>
    <td>
      ${prose(answer.description)}${content.map(([, { schema = {} }]) =>
        schema.properties === undefined ? "" : schemaBlock(schema),
      )}
    </td>
  </tr> `;
}
