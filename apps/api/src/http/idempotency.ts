import { createHash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Problem } from "@espalier/contract";
import type { Store, Transaction } from "@espalier/store";
import { teamOf } from "../auth/principal.ts";

/**
 * Answers a POST once per `Idempotency-Key`. `work` makes the resource in the transaction that stores the answer, so a
 * client that repeats a request after a lost answer gets the first answer. Without a key every request makes a resource.
 * @param status HTTP status of the answer, such as 202
 */
export async function answerOnce(
  store: Store,
  { request, reply, status }: { request: FastifyRequest; reply: FastifyReply; status: number },
  work: (tx: Transaction) => Promise<unknown>,
): Promise<FastifyReply> {
  const key = request.headers["idempotency-key"];
  if (key === undefined) return reply.code(status).send(await store.transaction(work));
  if (typeof key !== "string" || !/^[\x21-\x7e]{1,128}$/.test(key)) {
    throw new Problem("request/invalid", "An Idempotency-Key has 1 to 128 printable ASCII characters.", {
      field: "/idempotency-key",
    });
  }
  const answer = await store.idempotency.once(
    { teamId: teamOf(request), key, hash: fingerprint(request) },
    async (tx) => ({ status, body: await work(tx) }),
  );
  if (answer.replayed) reply.header("idempotency-replayed", "true");
  return reply.code(answer.status).send(answer.body);
}

/** SHA-256 of a request's method, path and JSON body: what an Idempotency-Key stands for. */
const fingerprint = (request: FastifyRequest): string =>
  createHash("sha256")
    .update(`${request.method} ${request.url}\n${JSON.stringify(request.body ?? null)}`)
    .digest("hex");
