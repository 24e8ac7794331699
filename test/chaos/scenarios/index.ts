import { clientScenarios } from "./clients.ts";
import { connectionScenarios } from "./connections.ts";
import { diskScenarios } from "./disk.ts";
import { hostScenarios } from "./hosts.ts";
import { leaseScenarios } from "./leases.ts";
import type { Scenario } from "./scenario.ts";
import { serverScenarios } from "./servers.ts";
import { workerScenarios } from "./workers.ts";

export type { Scenario } from "./scenario.ts";

/** All of them, by number. */
export const scenarios: readonly Scenario[] = [
  ...workerScenarios,
  ...serverScenarios,
  ...clientScenarios,
  ...connectionScenarios,
  ...diskScenarios,
  ...hostScenarios,
  ...leaseScenarios,
].sort((a, b) => a.number - b.number);
