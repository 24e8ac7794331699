import type { TestProject } from "vitest/node";
import { startPostgres } from "./postgres.ts";

/** Starts the PostgreSQL that every service test of this run shares; returns its teardown. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startPostgres();
  project.provide("postgresUrl", server.url);
  return server.remove;
}
