import { ProblemDocument, problems } from "@espalier/contract";
import type { Components } from "./components.ts";
import type { JsonObject } from "./json.ts";

/**
 * What every operation may answer with instead of a result. It stands for all statuses that an operation does not name, which are
 * those of problems: written at each operation they would be a fifth of the description, and would say the same everywhere.
 */
export const problemAnswer: JsonObject = { default: { $ref: "#/components/responses/Problem" } };

/** That answer, with every status; docs/errors.md says which codes are of which. */
export function problemResponse(components: Components): JsonObject {
  const statuses = [...new Set(Object.values(problems).map(({ status }) => status))].sort((a, b) => a - b);
  const text = (description: string): JsonObject => ({ schema: { type: "string" }, description });
  return {
    Problem: {
      description: `a problem, whose \`code\` says which; the status is ${statuses.join(", ")}`,
      headers: {
        "WWW-Authenticate": text("of 401"),
        "Content-Range": text("of 416: `bytes */SIZE`"),
        "Retry-After": {
          schema: { type: "integer", minimum: 0 },
          description: "of 429 and 503, and where asking again helps: seconds",
        },
      },
      content: { "application/problem+json": { schema: components.write(ProblemDocument) } },
    },
  };
}
