import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { isProblem, Problem } from "@espalier/contract";
import { request, type Dispatcher } from "undici";
import { checkTarget, openGuardedAgent, type OutboundAccess } from "../outbound/guarded-agent.ts";
import type { HubAccess, HubLimits } from "./access.ts";
import { Fault } from "./fault.ts";

/** The head of an answer, and its body, which must be read or destroyed. */
export interface HubResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Where the answer came from, after redirects. */
  readonly url: URL;
  readonly body: Readable;
}

const addressRefused = (host: string, why: string): Problem =>
  new Problem(
    "hub/address-refused",
    `The hub sends the download to ${host.slice(0, 255)}, ${why}; where that is meant, the operator allows it in ESPALIER_HUB_ORIGINS.`,
  );

const mostRedirects = 5;
const redirects = new Set([301, 302, 303, 307, 308]);
/** No other try mends a certificate. */
const certificate = /^(CERT_|ERR_TLS_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)/;

/**
 * Requests to one hub. Redirects are followed to the trusted origins, and by https to public addresses; the token goes to
 * the endpoint's origin alone, and to nobody once a redirect has left it.
 */
export class HubConnection {
  readonly endpoint: URL;
  readonly #token: string | undefined;
  readonly #outbound: OutboundAccess;
  readonly #agent: Dispatcher;
  readonly #limits: HubLimits;
  readonly #stop = new AbortController();
  /** Aborts when the download is asked to stop, and by `abort`. */
  readonly signal: AbortSignal;
  #pausedUntil = 0;

  constructor(access: HubAccess, limits: HubLimits, signal: AbortSignal) {
    this.endpoint = new URL(access.endpoint);
    this.#token = access.token;
    const { endpoint, origins = [], proxy } = access;
    const trusted = new Set([endpoint, ...origins].map((url) => new URL(url).origin));
    this.#outbound = { trusted, proxy, refuse: addressRefused };
    this.#limits = limits;
    this.signal = AbortSignal.any([signal, this.#stop.signal]);
    this.#agent = openGuardedAgent(this.#outbound, { ...limits, connections: limits.connections * 2 });
  }

  /** Whether the hub itself answered, and not a server that it sent us to. */
  isHub(url: URL): boolean {
    return url.origin === this.endpoint.origin;
  }

  get hasToken(): boolean {
    return this.#token !== undefined;
  }

  /** A URL below the endpoint, which may have a path of its own. */
  url(path: string): URL {
    return new URL(`${this.endpoint.href.replace(/\/+$/, "")}/${path}`);
  }

  /** All requests wait this long: the hub has asked for it. */
  pause(seconds: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, performance.now() + seconds * 1000);
  }

  /**
   * @throws {Fault} when no answer comes
   * @throws {Problem} `hub/address-refused`, `hub/malformed`
   */
  async get(target: URL, headers: Readonly<Record<string, string>> = {}): Promise<HubResponse> {
    const wait = this.#pausedUntil - performance.now();
    if (wait > 0) await sleep(wait, undefined, { signal: this.signal });
    let url = target;
    let inside = true;
    for (let followed = 0; ; followed++) {
      inside &&= this.isHub(url);
      checkTarget(url, this.#outbound);
      const response = await this.#send(url, {
        ...headers,
        "accept-encoding": "identity",
        "user-agent": "espalier",
        ...(inside && this.#token !== undefined ? { authorization: `Bearer ${this.#token}` } : {}),
      });
      if (!redirects.has(response.status)) return response;
      response.body.destroy();
      if (followed === mostRedirects)
        throw new Problem("hub/malformed", `The hub redirects more than ${mostRedirects} times.`);
      const location = response.headers["location"] ?? "";
      if (location === "" || !URL.canParse(location, url.href))
        throw new Problem("hub/malformed", "The hub redirects to what is no URL.");
      url = new URL(location, url);
    }
  }

  /** The bytes of a body as they arrive. @throws {Fault} when it breaks off, falls silent or trickles */
  async *bytes({ body, url }: HubResponse): AsyncGenerator<Uint8Array> {
    const { silenceSeconds, leastBytes } = this.#limits;
    let arrived = 0;
    const watch = setInterval(() => {
      if (arrived < leastBytes) body.destroy(new Fault(`${url.host} sends too slowly`));
      arrived = 0;
    }, silenceSeconds * 1000);
    try {
      for await (const chunk of body as AsyncIterable<Uint8Array>) {
        arrived += chunk.byteLength;
        yield chunk;
      }
    } catch (error) {
      throw this.#toFault(error, url);
    } finally {
      clearInterval(watch);
    }
  }

  /** Ends every request and every wait. */
  abort(): void {
    this.#stop.abort();
  }

  async close(): Promise<void> {
    this.abort();
    await this.#agent.destroy();
  }

  async #send(url: URL, headers: Record<string, string>): Promise<HubResponse> {
    try {
      const response = await request(url, { dispatcher: this.#agent, headers, signal: this.signal });
      // A body that is destroyed before it is read says so by an event that nobody else hears.
      response.body.on("error", () => undefined);
      return { status: response.statusCode, headers: flat(response.headers), url, body: response.body };
    } catch (error) {
      throw this.#toFault(error, url);
    }
  }

  #toFault(error: unknown, url: URL): unknown {
    if (error instanceof Fault || isProblem(error) || this.signal.aborted) return error;
    const code = codeOf(error);
    if (certificate.test(code)) {
      const detail = `${url.host} has no certificate that is trusted here (${code}); one of your own goes into NODE_EXTRA_CA_CERTS.`;
      return new Problem("hub/unavailable", detail, {}, { cause: error });
    }
    const proxy = error instanceof Error && error.message.startsWith("Proxy ") ? `: ${error.message}` : "";
    return new Fault(`${url.host} does not answer (${code}${proxy})`, { cause: error });
  }
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}

function flat(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const result: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(headers)) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) result[name] = first;
  }
  return result;
}
