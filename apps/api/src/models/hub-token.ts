import type { FastifyRequest } from "fastify";
import { hubTokenHeader, Problem } from "@espalier/contract";

/** The hub token that a request carries. A refusal never quotes it. */
export function hubTokenOf({ headers }: Pick<FastifyRequest, "headers">): string | undefined {
  const token = headers[hubTokenHeader];
  if (token === undefined) return undefined;
  if (typeof token === "string" && /^[\x21-\x7e]{1,512}$/.test(token)) return token;
  throw new Problem("request/invalid", "The hub token is not one line of 1 to 512 printable characters.", {
    field: `/${hubTokenHeader}`,
  });
}
