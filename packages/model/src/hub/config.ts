import { homedir } from "node:os";
import { join } from "node:path";
import { Problem } from "@espalier/contract";
import { readProxy } from "../outbound/proxy.ts";
import type { HubAccess } from "./access.ts";

/**
 * How the environment says that the hub is reached: HF_ENDPOINT (default `https://huggingface.co`), ESPALIER_HUB_ORIGINS
 * (further origins that downloads may be sent to, by commas), and HTTP_PROXY, HTTPS_PROXY and NO_PROXY in either case. A token
 * is not among it: whose it is, and who may use it, a service and a script answer differently.
 * @throws {Problem} `request/invalid` naming the variable
 */
export function readHubAccess(environment: NodeJS.ProcessEnv) {
  const origins = (environment["ESPALIER_HUB_ORIGINS"] ?? "").split(/[\s,]+/).filter(Boolean);
  return {
    endpoint: webAddress("HF_ENDPOINT", environment["HF_ENDPOINT"] || "https://huggingface.co"),
    origins: origins.map((origin) => webAddress("ESPALIER_HUB_ORIGINS", origin)),
    proxy: readProxy(environment),
  };
}

/** How a script of one person reaches the hub, with that person's HF_TOKEN where it is set. */
export function usualAccess(): HubAccess {
  const token = process.env["HF_TOKEN"];
  return { ...readHubAccess(process.env), ...(token ? { token } : {}) };
}

/** Where models of the hub are kept: ESPALIER_CACHE, else `espalier` in the user's folder of caches. */
export const usualCache = (): string =>
  process.env["ESPALIER_CACHE"] ||
  join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "espalier");

function webAddress(field: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol) && !url.username && !url.password && !url.search && !url.hash)
    return url.href;
  throw new Problem(
    "request/invalid",
    `${field} has "${text}"; give a URL such as https://huggingface.co, without a password.`,
    { field },
  );
}
