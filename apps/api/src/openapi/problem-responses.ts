import { ProblemDocument, problems } from "@espalier/contract";
import type { Components, JsonObject } from "./components.ts";

/** What an operation is like, as far as it decides which problems it can answer with. */
export interface OperationTraits {
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
  403: ({ needsRole }) => needsRole,
  404: ({ namesResource, hasBody }) => namesResource || hasBody,
  409: ({ writes }) => writes,
  416: ({ hasRange }) => hasRange,
  422: ({ hasBody }) => hasBody,
};

const retryAfter: JsonObject = {
  "Retry-After": { schema: { type: "integer", minimum: 0 }, description: "seconds" },
};
const headers: Readonly<Record<number, JsonObject>> = {
  416: { "Content-Range": { schema: { type: "string" }, description: "`bytes */SIZE`" } },
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
        "any other problem: 401 without a valid key; 405, 414, 431, 500; 408, 413 and 415 of a body; 429 and 503 with `Retry-After`. `code` says which",
      headers: { "WWW-Authenticate": { schema: { type: "string" }, description: "of 401" }, ...retryAfter },
      content,
    },
  };
}
