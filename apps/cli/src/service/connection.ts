import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createClient, Problem, type Client } from "@espalier/contract";
import { isOwnApi } from "../stack/own-api.ts";
import { UsageError } from "../command.ts";
import { readLogin } from "./login-file.ts";

export interface ConnectionOptions {
  url: string | undefined;
  key: string | undefined;
  environment: NodeJS.ProcessEnv;
  stackFolder: string;
}

/** Flags, then ESPALIER_URL and ESPALIER_KEY, then what `espalier up` left in its folder, then `espalier login`. */
export function connect(options: ConnectionOptions): Client {
  const { url: origin, key: secret } = serviceOf(options);
  if (origin === undefined)
    throw new Problem(
      "service/unavailable",
      "No service is named: start one here with `npm start`, or name one by `espalier login URL`, --url and --key, or ESPALIER_URL and ESPALIER_KEY.",
    );
  if (!secret)
    throw new Problem(
      "auth/required",
      "No API key: `espalier login URL` keeps one; or give --key, or set ESPALIER_KEY.",
    );
  const instance =
    (options.url ?? options.key ?? envOf(options)) ? undefined : instanceOfStack(options.stackFolder);
  return createClient({ url: origin, key: secret, ...(instance && { fetch: toOwnApi(origin, instance) }) });
}

const envOf = ({ environment }: ConnectionOptions): string | undefined =>
  environment["ESPALIER_URL"] ?? environment["ESPALIER_KEY"];

/** Asks an API only after it has shown that it is the stack's: another one may have taken the port of one that ended. */
function toOwnApi(url: string, instance: string): typeof globalThis.fetch {
  let own: Promise<boolean> | undefined;
  return async (...request) => {
    own ??= isOwnApi(url, instance);
    const isOwn = await own.catch((error: unknown) => {
      own = undefined;
      throw error;
    });
    if (!isOwn)
      throw new Problem(
        "service/unavailable",
        `At ${url} answers another service than the one of this folder; start it again with \`npm start\`.`,
      );
    return fetch(...request);
  };
}

const instanceOfStack = (folder: string): string | undefined => {
  const state = read(join(folder, "stack.json"));
  return state === undefined ? undefined : (JSON.parse(state) as { instance?: string }).instance;
};

/** The service that is named, as far as it is. Throws for an address that cannot be one. */
export function serviceOf({ url, key, environment, stackFolder }: ConnectionOptions): {
  url: string | undefined;
  key: string | undefined;
} {
  const login = readLogin(environment);
  const origin = url ?? environment["ESPALIER_URL"] ?? urlOfStack(stackFolder) ?? login?.url;
  if (origin !== undefined) checkAddress(origin);
  return {
    url: origin,
    key:
      key ??
      environment["ESPALIER_KEY"] ??
      read(join(stackFolder, "key"))?.trim() ??
      // Another service is not told the key of this one.
      (login?.url === origin ? login?.key : undefined),
  };
}

/** An address that cannot be one is a slip, which no waiting for the service mends. */
export function checkAddress(origin: string): void {
  if (!URL.canParse(origin) || !/^https?:$/.test(new URL(origin).protocol))
    throw new UsageError(
      `"${origin}" is not the address of a service; it looks like http://127.0.0.1:7070, with a port of at most 65535`,
    );
}

function urlOfStack(folder: string): string | undefined {
  const state = read(join(folder, "stack.json"));
  return state === undefined ? undefined : (JSON.parse(state) as { url?: string }).url;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
