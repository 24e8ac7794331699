import { lookup, type LookupAddress } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import type { Problem } from "@espalier/contract";
import { buildConnector, EnvHttpProxyAgent, type Dispatcher } from "undici";
import { isPublicAddress } from "./address.ts";

/** Where connections may lead, by the operator's choice. */
export interface OutboundAccess {
  /** Origins whose hosts may have any address, and may speak plain http. All others must be public and speak https. */
  readonly trusted: ReadonlySet<string>;
  /** Proxies by the scheme of the target, and hosts that need none: HTTP_PROXY, HTTPS_PROXY, NO_PROXY. @default none */
  readonly proxy?: { readonly http?: string; readonly https?: string; readonly no?: string } | undefined;
  /** The error for a host that is refused; `why` goes on from its name. */
  readonly refuse: (host: string, why: string) => Problem;
}

export interface OutboundLimits {
  /** Connections to one origin at a time. */
  readonly connections: number;
  readonly connectSeconds: number;
  /** Until the head of an answer, and between two pieces of its body. */
  readonly silenceSeconds: number;
}

/** @throws what `refuse` gives for a URL that is refused by its text alone, also where a proxy would connect */
export function checkTarget(url: URL, { trusted, refuse }: OutboundAccess): void {
  if (trusted.has(url.origin)) return;
  if (url.protocol !== "https:") throw refuse(url.host, "which does not speak https");
  if (url.username !== "" || url.password !== "") throw refuse(url.host, "with a name and a password");
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (isIP(host) !== 0 && !isPublicAddress(host)) throw refuse(url.host, "which is not a public address");
}

/**
 * Connections to servers that somebody else has named. A name is resolved once, and the connection is made to an address that
 * was looked at, so that no second answer of a name server can lead elsewhere. Behind a proxy the proxy resolves names.
 */
export function openGuardedAgent(
  { trusted, proxy, refuse }: OutboundAccess,
  { connections, connectSeconds, silenceSeconds }: OutboundLimits,
): Dispatcher {
  const timeout = connectSeconds * 1000;
  const connectAnywhere = buildConnector({ timeout });
  const connectPublicly = buildConnector({ timeout, lookup: publicLookup(refuse) });
  const { http = "", https = "", no = "" } = proxy ?? {};
  return new EnvHttpProxyAgent({
    // Empty, and not left out: that would mean the process's environment.
    httpProxy: http,
    httpsProxy: https,
    noProxy: no,
    // A proxy that is asked for a plain http resource, not for a tunnel to it: many allow tunnels to port 443 only.
    proxyTunnel: false,
    connections,
    headersTimeout: silenceSeconds * 1000,
    bodyTimeout: silenceSeconds * 1000,
    connect(options, callback) {
      const { origin } = new URL(`${options.protocol}//${options.host ?? options.hostname}`);
      if (trusted.has(origin)) return connectAnywhere(options, callback);
      // Nothing is looked up for an address.
      if (isIP(options.hostname) !== 0 && !isPublicAddress(options.hostname))
        return callback(refuse(options.hostname, "which is not a public address"), null);
      return connectPublicly(options, callback);
    },
  });
}

/** Resolves a name to its public addresses. */
const publicLookup =
  (refuse: OutboundAccess["refuse"]): LookupFunction =>
  (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
      if (error) return callback(error, []);
      const addresses = found.filter(({ address }) => isPublicAddress(address));
      const [first] = addresses;
      if (first === undefined) return callback(refuse(hostname, "whose name has no public address"), []);
      if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
