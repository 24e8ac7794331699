import { request } from "undici";
import { checkTarget, openGuardedAgent, type OutboundAccess } from "./guarded-agent.ts";

export interface Post {
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string;
  /** For all of it, the answer included. */
  seconds: number;
}

/** Of an answer so much is read; the rest is dropped. */
const answerBytes = 64 * 1024;

/** Sends what others asked for to addresses that they named. */
export class Poster {
  readonly #access: OutboundAccess;
  readonly #agent: ReturnType<typeof openGuardedAgent>;

  constructor(access: OutboundAccess) {
    this.#access = access;
    this.#agent = openGuardedAgent(access, { connections: 4, connectSeconds: 10, silenceSeconds: 15 });
  }

  /** @throws what `refuse` gives for a URL that may not be posted to, as far as its text says so */
  check(url: string): void {
    checkTarget(new URL(url), this.#access);
  }

  /**
   * Posts once. No redirect is followed: whoever answers with one has not been posted to.
   * @returns the status, and the seconds that the answer asks to wait before the next try
   * @throws what `refuse` gives, or the error of a connection that fails or takes too long
   */
  async post({ url, headers, body, seconds }: Post): Promise<{ status: number; retryAfter?: number }> {
    this.check(url);
    const answer = await request(url, {
      method: "POST",
      dispatcher: this.#agent,
      headers: { "user-agent": "espalier", ...headers },
      body,
      signal: AbortSignal.timeout(seconds * 1000),
    });
    // What it says beside its status is nobody's business: nothing of it is kept or shown.
    await answer.body.dump({ limit: answerBytes }).catch(() => undefined);
    const wait = Number(answer.headers["retry-after"]);
    return { status: answer.statusCode, ...(Number.isFinite(wait) && wait > 0 ? { retryAfter: wait } : {}) };
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}
