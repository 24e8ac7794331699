import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import rateLimit, { normalizeIP } from "@fastify/rate-limit";
import { Problem } from "@espalier/contract";
import type { RequestCounts } from "@espalier/store";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { callerOf, limitedKeyOf } from "../auth/principal.ts";
import { credentialOf } from "../auth/sign-in.ts";
import type { Limits } from "./limits.ts";
import { RecentKeys } from "./recent-keys.ts";
import { SharedCounts, windowMs } from "./shared-counts.ts";

export interface RequestRatesOptions {
  counts: Pick<RequestCounts, "add">;
  limits: Pick<Limits, "requestsPerKey" | "requestsPerAddress" | "failedSignIns" | "failureDelayMs">;
  /** Registers what finds out whose key a request carries. */
  access: (app: FastifyInstance) => PromiseLike<unknown>;
}

/** As many failures are answered at once; each further one of the minute is answered later than the one before. */
const quickFailures = 5;

/**
 * Limits requests in a minute: of each key, and of those that carry none, of each address. Failed sign-ins of an address are
 * answered more and more slowly, then refused without a look at the key, except for keys that were good here a while ago.
 */
export async function limitRates(
  app: FastifyInstance,
  { counts: store, limits, access }: RequestRatesOptions,
): Promise<void> {
  const counts = new SharedCounts(store, app.log);
  app.addHook("onClose", async () => counts.stop());
  const good = new RecentKeys();
  const refuseAfterFailures = (request: FastifyRequest, credential: string | undefined): void => {
    if (credential === undefined || good.has(credential)) return;
    const { current, ttl } = counts.read(failuresOf(request));
    if (current >= limits.failedSignIns) throw tooMany("failed sign-ins from this address", ttl);
  };

  app.decorateRequest("credential", undefined);
  app.addHook("onRequest", async (request) => {
    const credential = hashOf(credentialOf(request));
    request.setDecorator("credential", credential);
    if (credential === undefined) {
      const { current, ttl } = counts.add(`address:${normalizeIP(request.ip)}`);
      if (current > limits.requestsPerAddress) throw tooMany("requests without a key from this address", ttl);
    } else refuseAfterFailures(request, credential);
  });
  // A browser that signs in has its key in the body.
  app.addHook("preHandler", async (request) => {
    if (!request.routeOptions.config.signsIn) return;
    const credential = hashOf(request.body);
    request.setDecorator("credential", credential);
    refuseAfterFailures(request, credential);
  });
  await access(app);
  await app.register(rateLimit, {
    global: false,
    timeWindow: windowMs,
    max: limits.requestsPerKey,
    allowList: (request) => callerOf(request) === null,
    // It is asked before `allowList` is.
    keyGenerator: (request) => `key:${limitedKeyOf(callerOf(request) ?? { keyId: "none" })}`,
    errorResponseBuilder: (_request, { ttl }) => tooMany("requests with this key", ttl),
    store: storeOf(counts),
  });
  app.addHook("onRequest", app.rateLimit());
  const remember = async (request: FastifyRequest): Promise<void> => {
    if (presented(request) !== undefined && callerOf(request) !== null) good.add(presented(request)!);
  };
  app.addHook("onRequest", remember);
  app.addHook("preHandler", remember);
  app.addHook("onSend", async (request, reply) => {
    if (reply.statusCode !== 401 || presented(request) === undefined) return;
    const { current } = counts.add(failuresOf(request));
    if (current > quickFailures) await sleep((current - quickFailures) * limits.failureDelayMs);
  });
}

const failuresOf = (request: FastifyRequest): string => `sign-in:${normalizeIP(request.ip)}`;

/** By what the request says who it is; not the text itself, which is kept nowhere. */
const presented = (request: FastifyRequest) => request.getDecorator<string | undefined>("credential");
const hashOf = (credential: unknown): string | undefined =>
  credential === undefined
    ? undefined
    : createHash("sha256").update(JSON.stringify(credential)).digest("base64");

function tooMany(what: string, ttlMs: number): Problem {
  const retryAfter = Math.max(1, Math.ceil(ttlMs / 1000));
  return new Problem("request/rate-limited", `Too many ${what} in a minute; try again in ${retryAfter} s.`, {
    retryAfter,
  });
}

/** The counts as `@fastify/rate-limit` asks for them. */
const storeOf = (counts: SharedCounts) =>
  class {
    incr(name: string, done: (error: Error | null, count?: { current: number; ttl: number }) => void): void {
      done(null, counts.add(name));
    }
    child(): this {
      return this;
    }
  };
