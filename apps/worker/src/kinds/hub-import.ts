import type { HubSource, Model } from "@espalier/contract";
import type { Claim, Store } from "@espalier/store";
import type { Downloads } from "../attempt/downloads.ts";
import type { HubSettings } from "../attempt/hub-settings.ts";
import type { PreparedRun } from "../attempt/prepare.ts";
import type { Workspace } from "../attempt/workspace.ts";

export interface HubImportContext {
  store: Pick<Store, "secrets">;
  downloads: Downloads;
  hub: HubSettings;
  maxFileBytes: number;
  engine: string;
}

/** An import that downloads: with the token of who asked for it, else with the one that the operator shares. */
export async function prepareHubImport(
  source: HubSource,
  model: Model,
  { lease }: Claim,
  workspace: Workspace,
  { store, downloads, hub, maxFileBytes, engine }: HubImportContext,
): Promise<PreparedRun> {
  const { sharedToken, ...access } = hub;
  const token = (await store.secrets.open(lease)) ?? sharedToken;
  return {
    job: {
      kind: "hub-import",
      engine,
      source,
      downloads: await downloads.take(lease.runId, lease.attempt),
      output: workspace.output,
      maxFileBytes,
    },
    hub: { ...access, ...(token === undefined ? {} : { token }) },
    model,
    sources: [],
  };
}
