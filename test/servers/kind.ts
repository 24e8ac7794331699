import { inject } from "vitest";

/** Where the servers of this run's tests are. */
interface ServersKind {
  /** In containers of Docker, as a deployment has them; else PostgreSQL is the embedded one and Redis this host's. */
  containers: boolean;
  /** The closing line of the run that says so. */
  line: string;
}

/** Whether tests start servers in containers. What is no test, such as a bench, starts them without. */
export function inContainers(): boolean {
  try {
    return inject("servers").containers;
  } catch {
    return false;
  }
}

declare module "vitest" {
  interface ProvidedContext {
    servers: ServersKind;
  }
}
