import { fetch } from "undici";
import { checkTarget, openGuardedAgent, type OutboundAccess } from "./guarded-agent.ts";

/** As the global `fetch`, of addresses that `access` allows. */
export class GuardedFetch {
  readonly #access: OutboundAccess;
  readonly #agent: ReturnType<typeof openGuardedAgent>;

  constructor(access: OutboundAccess) {
    this.#access = access;
    this.#agent = openGuardedAgent(access, { connections: 4, connectSeconds: 5, silenceSeconds: 10 });
  }

  /** No redirect is followed. */
  readonly fetch = async (url: string, init: object = {}): Promise<Response> => {
    checkTarget(new URL(url), this.#access);
    return fetch(url, { ...init, redirect: "manual", dispatcher: this.#agent });
  };

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}
