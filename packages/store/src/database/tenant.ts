import { AsyncLocalStorage } from "node:async_hooks";

/**
 * For whom the statements of a request act: one team, of which row-level security shows the rows; `all` teams, which is declared
 * by what acts over them; or nobody yet, who sees no team's rows.
 */
export type Tenant = { teamId: string } | "all" | undefined;

/** The tenant of a request. It is found out while the request is under way, and holds for all that the request then calls. */
export interface TenantHolder {
  tenant: Tenant;
}

const holders = new AsyncLocalStorage<TenantHolder>();

/** Does `work`, and all that it calls, for the tenant that `holder` has at the time of each statement. */
export const actFor = <T>(holder: TenantHolder, work: () => T): T => holders.run(holder, work);

export const currentTenant = (): Tenant => holders.getStore()?.tenant;
