import { ProblemDocument, problems } from "@espalier/contract";
import type { Components, JsonObject } from "./components.ts";

/** What an operation is like, as far as it decides which problems it can answer with. */
export interface OperationTraits {
  needsKey: boolean;
  /** Not every key will do. */
  needsRole: boolean;
  hasParameters: boolean;
  namesResource: boolean;
  hasBody: boolean;
  writes: boolean;
  hasRange: boolean;
}

/** Which statuses of problems an operation can answer with, beside those that any path has, which `default` stands for. */
const statuses: Readonly<Record<number, (traits: OperationTraits) => boolean>> = {
  400: ({ hasParameters, hasBody }) => hasParameters || hasBody,
  401: ({ needsKey }) => needsKey,
  403: ({ needsRole }) => needsRole,
  404: ({ namesResource, hasBody }) => namesResource || hasBody,
  408: ({ hasBody }) => hasBody,
  409: ({ writes }) => writes,
  413: ({ hasBody }) => hasBody,
  415: ({ hasBody }) => hasBody,
  416: ({ hasRange }) => hasRange,
  422: ({ hasBody }) => hasBody,
  429: () => true,
};

const headers: Readonly<Record<number, JsonObject>> = {
  401: { "WWW-Authenticate": { schema: { type: "string" } } },
  416: { "Content-Range": { schema: { type: "string" }, description: "`bytes */SIZE`" } },
  ...Object.fromEntries(
    [408, 429].map((status) => [
      status,
      { "Retry-After": { schema: { type: "integer", minimum: 0 }, description: "seconds" } },
    ]),
  ),
};

const reference = (status: number | "default"): JsonObject => ({
  $ref: `#/components/responses/${status}`,
});

/** References to the problems that an operation can answer with, by status. */
export const problemsOf = (traits: OperationTraits): JsonObject => ({
  ...Object.fromEntries(
    Object.entries(statuses)
      .filter(([, applies]) => applies(traits))
      .map(([status]) => [status, reference(Number(status))]),
  ),
  default: reference("default"),
});

/** One response for each status of a problem, with the codes that have it. */
export function problemResponses(components: Components): JsonObject {
  const content = { "application/problem+json": { schema: components.write(ProblemDocument) } };
  const described = (status: number): string => {
    const codes = Object.entries(problems).filter(([, row]) => row.status === status);
    return codes.map(([code, { title }]) => `\`${code}\`: ${title}`).join("; ");
  };
  return {
    ...Object.fromEntries(
      Object.keys(statuses).map((status) => [
        status,
        {
          description: described(Number(status)),
          ...(headers[Number(status)] ? { headers: headers[Number(status)]! } : {}),
          content,
        },
      ]),
    ),
    default: {
      description:
        "any other problem, such as 405, 414, 431, 500, or 503 with `Retry-After`; `code` says which",
      content,
    },
  };
}
