import { hubTokenHeader } from "@espalier/contract";
import type { FastifyRequest } from "fastify";
import { pino, type DestinationStream, type Logger } from "pino";

const hiddenHeaders = ["authorization", "cookie", hubTokenHeader];

/** The log of an API. No line has a header or a parameter that could let its reader in. */
export function openLog(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    redact: hiddenHeaders.flatMap((name) => [`req.headers["${name}"]`, `headers["${name}"]`]),
    serializers: { req: describeRequest },
  };
  return destination ? pino(options, destination) : pino(options);
}

const describeRequest = (request: FastifyRequest) => ({
  method: request.method,
  url: withoutSecrets(request),
  host: request.host,
  remoteAddress: request.ip,
  remotePort: request.socket?.remotePort,
});

/**
 * The path, and of the query what the route knows: none of its parameters is a secret. Clients put keys into parameters that no route
 * has, so the value of any other is hidden.
 */
function withoutSecrets({ url, routeOptions }: FastifyRequest): string {
  const [path = "", query] = url.split(/\?(.*)/s);
  if (query === undefined) return path;
  const schema = routeOptions.schema?.querystring as { properties?: object } | undefined;
  const parts = query.split("&").map((part) => {
    const [name = ""] = part.split("=", 1);
    if (Object.hasOwn(schema?.properties ?? {}, name)) return part;
    return name !== part && /^[\w.-]{1,32}$/.test(name) ? `${name}=hidden` : "hidden";
  });
  return `${path}?${parts.join("&")}`;
}
