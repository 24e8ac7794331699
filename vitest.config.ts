import { defineConfig } from "vitest/config";
import LongestFirst from "./test/longest-first.ts";

/** Of the dashboard's long tests, those that take seconds; `npm run e2e` has the others. */
const browser = ["test/e2e/{prefix,why}.e2e.ts"];
/**
 * `unit`: pure, no server, no native library beyond the engine's; part of `npm run check`.
 * `service`: real Postgres, real queues, real processes; named `*.db.test.ts`, `*.queue.test.ts`, or in `test/`.
 */
const service = ["**/*.{db,queue,service}.test.ts", "test/**/*.test.ts", ...browser];
/** Tests in `test/` that need no server. */
const pure = [
  "test/architecture.test.ts",
  "test/docs.test.ts",
  "test/documented/ledger.test.ts",
  "test/chaos/check.test.ts",
];
/** Packages, and clones that a killed test left behind. */
const foreign = ["**/node_modules/**", "dist/**", ".tsbuild/**"];

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    reporters: ["default", "./test/reporter.ts"],
    projects: [
      {
        test: {
          name: "unit",
          include: ["packages/**/*.test.ts", "apps/**/*.test.ts", "tools/**/*.test.ts", ...pure],
          exclude: [...foreign, ...service.slice(0, 1)],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "service",
          include: service,
          exclude: [...foreign, ...pure],
          globalSetup: "test/servers/setup.ts",
          // They wait more than they compute: for leases, locks and silences to end.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
