import { Problem } from "@espalier/contract";
import type { HubAccess } from "@espalier/contract/compute";

/** The operator's word on the hub. A client chooses a repository, never a host. */
export interface HubSettings extends Omit<HubAccess, "token"> {
  /**
   * HF_TOKEN, where ESPALIER_SHARE_HF_TOKEN=1 says that every team may read with it what it can read. A token that a client
   * sends with its import goes before it.
   */
  sharedToken?: string;
}

/**
 * HF_ENDPOINT (default `https://huggingface.co`), ESPALIER_HUB_ORIGINS (further origins that downloads may be sent to, by
 * commas), HTTP_PROXY, HTTPS_PROXY and NO_PROXY in either case, HF_TOKEN and ESPALIER_SHARE_HF_TOKEN.
 * @throws {Problem} `request/invalid` naming the variable
 */
export function readHubSettings(environment: NodeJS.ProcessEnv): HubSettings {
  const either = (name: string): string => environment[name.toLowerCase()] || environment[name] || "";
  const { HF_ENDPOINT, HF_TOKEN, ESPALIER_SHARE_HF_TOKEN: share = "" } = environment;
  if (!["", "0", "1"].includes(share))
    throw new Problem("request/invalid", `ESPALIER_SHARE_HF_TOKEN is "${share}"; give 1 or 0.`, {
      field: "ESPALIER_SHARE_HF_TOKEN",
    });
  const origins = (environment["ESPALIER_HUB_ORIGINS"] ?? "").split(/[\s,]+/).filter(Boolean);
  return {
    endpoint: webAddress("HF_ENDPOINT", HF_ENDPOINT || "https://huggingface.co"),
    origins: origins.map((origin) => webAddress("ESPALIER_HUB_ORIGINS", origin)),
    proxy: { http: either("HTTP_PROXY"), https: either("HTTPS_PROXY"), no: either("NO_PROXY") },
    ...(share === "1" && HF_TOKEN ? { sharedToken: HF_TOKEN } : {}),
  };
}

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
