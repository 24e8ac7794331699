import { lookup, type LookupAddress } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { Problem } from "@espalier/contract";
import { buildConnector, EnvHttpProxyAgent, type Dispatcher } from "undici";
import type { HubAccess, HubLimits } from "./access.ts";
import { isPublicAddress } from "./address.ts";

/** Origins whose hosts may have any address: the endpoint's, and those that the operator named. */
export const trustedOrigins = ({ endpoint, origins = [] }: HubAccess): ReadonlySet<string> =>
  new Set([endpoint, ...origins].map((url) => new URL(url).origin));

export const addressRefused = (host: string, why: string): Problem =>
  new Problem(
    "hub/address-refused",
    `The hub sends the download to ${host.slice(0, 255)}, ${why}; where that is meant, the operator allows it in ESPALIER_HUB_ORIGINS.`,
  );

/**
 * Connections to the hub and to where it sends us. A name is resolved once, and the connection is made to an address that
 * was looked at, so that no second answer of a name server can lead elsewhere. Behind a proxy the proxy resolves names.
 */
export function openGuardedAgent(
  access: HubAccess,
  { connections, connectSeconds, silenceSeconds }: HubLimits,
): Dispatcher {
  const trusted = trustedOrigins(access);
  const timeout = connectSeconds * 1000;
  const connectAnywhere = buildConnector({ timeout });
  const connectPublicly = buildConnector({ timeout, lookup: lookUpPublicly });
  const { http = "", https = "", no = "" } = access.proxy ?? {};
  return new EnvHttpProxyAgent({
    // Empty, and not left out: that would mean the process's environment.
    httpProxy: http,
    httpsProxy: https,
    noProxy: no,
    // A proxy that is asked for a plain http resource, not for a tunnel to it: many allow tunnels to port 443 only.
    proxyTunnel: false,
    connections: connections * 2,
    headersTimeout: silenceSeconds * 1000,
    bodyTimeout: silenceSeconds * 1000,
    connect(options, callback) {
      const { origin } = new URL(`${options.protocol}//${options.host ?? options.hostname}`);
      if (trusted.has(origin)) return connectAnywhere(options, callback);
      // Nothing is looked up for an address.
      if (isIP(options.hostname) !== 0 && !isPublicAddress(options.hostname))
        return callback(addressRefused(options.hostname, "which is not a public address"), null);
      return connectPublicly(options, callback);
    },
  });
}

/** Resolves a name to its public addresses. */
const lookUpPublicly: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
    if (error) return callback(error, []);
    const addresses = found.filter(({ address }) => isPublicAddress(address));
    const [first] = addresses;
    if (first === undefined)
      return callback(addressRefused(hostname, "whose name has no public address"), []);
    if (options.all === true) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};
