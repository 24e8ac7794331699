import { createHash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Store, Transaction } from "@espalier/store";
import { Type } from "typebox";
import { teamOf } from "../auth/principal.ts";
import { canonical } from "./canonical.ts";

/** Of every request that makes something. */
export const idempotencyKey = {
  "idempotency-key": Type.Optional(
    Type.String({
      pattern: "^[\\x21-\\x7e]{1,128}$",
      description: "the same request with the same key within a day gets the first answer again",
    }),
  ),
};
export const IdempotentHeaders = Type.Object(idempotencyKey);

interface Submission {
  request: FastifyRequest;
  /** HTTP status of the answer, such as 202. */
  status: number;
  /** Says what the body is, where it is not JSON. */
  content?: string;
}

/**
 * Does something once per `Idempotency-Key`. `work` makes the resource in the transaction that stores the answer, so a client
 * that repeats a request after a lost answer gets the first answer. Without a key every request makes a resource.
 */
export async function doOnce<Body>(
  store: Store,
  { request, status, content }: Submission,
  work: (tx: Transaction) => Promise<Body>,
): Promise<{ status: number; body: Body; replayed: boolean }> {
  const key = request.headers["idempotency-key"];
  if (typeof key !== "string") return { status, body: await store.transaction(work), replayed: false };
  const answer = await store.idempotency.once(
    { teamId: teamOf(request), key, hash: fingerprint(request, content) },
    async (tx) => ({ status, body: await work(tx) }),
  );
  return answer as { status: number; body: Body; replayed: boolean };
}

/** Answers with what was done once. */
export async function answerOnce(
  store: Store,
  { reply, ...submission }: Submission & { reply: FastifyReply },
  work: (tx: Transaction) => Promise<unknown>,
): Promise<FastifyReply> {
  const { status, body, replayed } = await doOnce(store, submission, work);
  if (replayed) reply.header("idempotency-replayed", "true");
  return reply.code(status).send(body);
}

/** SHA-256 of a request's method, path and body: what an Idempotency-Key stands for. The order of fields says nothing. */
const fingerprint = ({ method, url, body }: FastifyRequest, content?: string): string =>
  createHash("sha256")
    .update(`${method} ${url}\n${content ?? canonical(body ?? null)}`)
    .digest("hex");
