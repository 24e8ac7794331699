import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createClient, Problem, type Client } from "@espalier/contract";
import { UsageError } from "../command.ts";

export interface ConnectionOptions {
  url: string | undefined;
  key: string | undefined;
  environment: NodeJS.ProcessEnv;
  stackFolder: string;
}

/** Flags, then ESPALIER_URL and ESPALIER_KEY, then what `espalier up` left in its folder. */
export function connect(options: ConnectionOptions): Client {
  const { url: origin, key: secret } = serviceOf(options);
  if (origin === undefined)
    throw new Problem(
      "service/unavailable",
      "No service is named: start one here with `npm start`, or give --url and --key (ESPALIER_URL, ESPALIER_KEY).",
    );
  if (!secret) throw new Problem("auth/required", "No API key: give --key or set ESPALIER_KEY.");
  return createClient({ url: origin, key: secret });
}

/** The service that is named, as far as it is. Throws for an address that cannot be one. */
export function serviceOf({ url, key, environment, stackFolder }: ConnectionOptions): {
  url: string | undefined;
  key: string | undefined;
} {
  const origin = url ?? environment["ESPALIER_URL"] ?? urlOfStack(stackFolder);
  if (origin !== undefined) checkAddress(origin);
  return { url: origin, key: key ?? environment["ESPALIER_KEY"] ?? read(join(stackFolder, "key"))?.trim() };
}

/** An address that cannot be one is a slip, which no waiting for the service mends. */
function checkAddress(origin: string): void {
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
