import { defineConfig } from "vitest/config";

/** `npm run e2e -- NAME`: the long tests of the dashboard in a browser. The short one is `dashboard.test.ts`, a part of `npm test`. */
export default defineConfig({
  test: {
    include: ["test/e2e/*.e2e.ts"],
    globalSetup: "test/servers/setup.ts",
    maxWorkers: 1,
    testTimeout: 300_000,
    expect: { poll: { timeout: 20_000 } },
    hookTimeout: 120_000,
  },
});
