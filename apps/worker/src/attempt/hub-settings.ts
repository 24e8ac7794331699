import { Problem } from "@espalier/contract";
import type { HubAccess } from "@espalier/contract/compute";
import { readHubAccess } from "@espalier/model/hub";

/** The operator's word on the hub. A client chooses a repository, never a host. */
export interface HubSettings extends Omit<HubAccess, "token"> {
  /**
   * HF_TOKEN, where ESPALIER_SHARE_HF_TOKEN=1 says that every team may read with it what it can read. A token that a client
   * sends with its import goes before it.
   */
  sharedToken?: string;
}

/**
 * What `readHubAccess` reads, and HF_TOKEN with ESPALIER_SHARE_HF_TOKEN.
 * @throws {Problem} `request/invalid` naming the variable
 */
export function readHubSettings(environment: NodeJS.ProcessEnv): HubSettings {
  const { HF_TOKEN, ESPALIER_SHARE_HF_TOKEN: share = "" } = environment;
  if (!["", "0", "1"].includes(share))
    throw new Problem("request/invalid", `ESPALIER_SHARE_HF_TOKEN is "${share}"; give 1 or 0.`, {
      field: "ESPALIER_SHARE_HF_TOKEN",
    });
  return { ...readHubAccess(environment), ...(share === "1" && HF_TOKEN ? { sharedToken: HF_TOKEN } : {}) };
}
