import { setTimeout as sleep } from "node:timers/promises";
import { backoff, isProblem } from "@espalier/contract";
import type { Poster } from "@espalier/model/outbound";
import type { DueDelivery, SendingLimits, SendOutcome, Store } from "@espalier/store";
import type { FastifyBaseLogger } from "fastify";
import { signed } from "./signature.ts";

export interface SenderOptions {
  store: Pick<Store, "webhookMessages" | "webhookSending">;
  poster: Pick<Poster, "post">;
  log: Pick<FastifyBaseLogger, "info" | "warn">;
  /** Pause between two looks at what has happened and what is due; default 1,000 ms. */
  everyMs?: number;
  /** Pauses between tries, in seconds; each is shortened at random by up to a half. Default: 5 s, doubled up to 4 h. */
  pauses?: { first: number; most: number };
  limits?: SendingLimits;
}

/** A receiver has so long for an answer. */
const answerSeconds = 15;
/** Messages that one API sends at a time. */
const atOnce = 16;
/** A receiver may ask for this pause, and no longer one. */
const longestWait = 4 * 3600;

/**
 * Makes messages for webhooks of what happens, and sends them. Every API does; the database sees to it that none of them is made or
 * taken by two. A message is sent at least once: one whose sender is killed is sent again, with the same id.
 */
export function startSender({
  store,
  poster,
  log,
  everyMs = 1_000,
  pauses = { first: 5, most: longestWait },
  limits,
}: SenderOptions): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const sending = new Set<Promise<void>>();

  async function send(delivery: DueDelivery): Promise<void> {
    const { secret, url, body, webhookId, messageId } = delivery;
    let outcome: SendOutcome;
    const retrySeconds = backoff(delivery.try, pauses) * (1 - Math.random() / 2);
    if (typeof secret !== "string") outcome = { delivered: false, problem: secret.problem, retrySeconds };
    else
      try {
        const headers = signed({ messageId, body, secret });
        const { status, retryAfter = 0 } = await poster.post({ url, headers, body, seconds: answerSeconds });
        outcome =
          status >= 200 && status < 300
            ? { delivered: true, status }
            : {
                delivered: false,
                status,
                problem: `The receiver answered ${status}.`,
                gone: status === 410,
                retrySeconds: Math.max(retrySeconds, Math.min(retryAfter, longestWait)),
              };
      } catch (error) {
        // Whoever stops has not heard the answer: another one sends it again.
        if (signal.aborted) return;
        outcome = { delivered: false, problem: describe(error), retrySeconds };
      }
    const paused = await store.webhookSending.finish(delivery, outcome, limits);
    if (paused !== undefined) log.warn({ webhookId, reason: paused }, "webhook paused");
  }

  async function round(): Promise<void> {
    while (!signal.aborted && (await store.webhookMessages.make()) > 0);
    const free = atOnce - sending.size;
    if (free <= 0 || signal.aborted) return;
    for (const delivery of await store.webhookSending.take(free)) {
      const sent = send(delivery)
        .catch((error: unknown) =>
          log.warn({ err: error, delivery: delivery.id }, "a delivery was not noted"),
        )
        .finally(() => sending.delete(sent));
      sending.add(sent);
    }
  }

  const loop = (async () => {
    while (!signal.aborted) {
      await round().catch((error: unknown) => log.warn({ err: error }, "webhooks wait; trying again"));
      await sleep(everyMs, undefined, { signal }).catch(() => undefined);
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await loop;
      await Promise.all(sending);
    },
  };
}

/** Why nothing was answered. It says nothing of what lies behind an address. */
function describe(error: unknown): string {
  if (isProblem(error)) return error.message;
  if (!(error instanceof Error)) return "The receiver cannot be reached.";
  if (error.name === "TimeoutError") return `The receiver did not answer within ${answerSeconds} s.`;
  const { cause } = error;
  if (isProblem(cause)) return cause.message;
  const code = "code" in error && typeof error.code === "string" ? ` (${error.code})` : "";
  return `The receiver cannot be reached${code}.`;
}
