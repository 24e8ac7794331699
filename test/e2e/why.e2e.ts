import type { Unblock, WaitingReason } from "@espalier/contract";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readDashboard } from "../../apps/api/src/dashboard/files.ts";
import { espalier } from "../../apps/cli/src/testing/espalier.ts";
import { startTestApi, type TestApi } from "../api/service.ts";
import { noChromium, openBrowser, signIn } from "./browser.ts";

type Code = WaitingReason["code"];
interface Case {
  reason: (runId: string) => WaitingReason;
  /** The cause, and who or what it is. */
  says: RegExp;
  unblockedBy: (runId: string) => Unblock[];
  /** What is to be done, and by whom. */
  helps: RegExp;
}

const at = "2026-11-30T14:00:00.000Z";
/** Every code there is: one that is missing does not compile. */
const cases: { readonly [Each in Code]: Case } = {
  starting: {
    reason: () => ({ code: "starting" }),
    says: /has its devices; a worker is about to start it/,
    unblockedBy: () => [],
    helps: /^$/,
  },
  held: {
    reason: () => ({ code: "held", at, by: "key_1 (ada's laptop)" }),
    says: /held since 2026-11-30 14:00 UTC by .*ada's laptop/,
    unblockedBy: () => [{ by: "release" }],
    helps: /somebody releases it/,
  },
  "not-yet-due": {
    reason: () => ({ code: "not-yet-due", at }),
    says: /not to start before 2026-11-30 14:00 UTC/,
    unblockedBy: () => [{ by: "time", at }],
    helps: /it is 2026-11-30 14:00 UTC/,
  },
  dependency: {
    reason: (runId) => ({ code: "dependency", runIds: [runId] }),
    says: /needs what first will make/,
    unblockedBy: (runId) => [{ by: "runs", runIds: [runId] }],
    helps: /first ends/,
  },
  "array-limit": {
    reason: () => ({ code: "array-limit", limit: 2 }),
    says: /At most 2 runs of its array/,
    unblockedBy: (runId) => [{ by: "runs", runIds: [runId] }],
    helps: /first ends/,
  },
  "no-device-fits": {
    reason: () => ({
      code: "no-device-fits",
      needsBytes: 200e9,
      largestBytes: 141e9,
      needsDevices: 1,
      mostDevices: 8,
    }),
    says: /needs 200.0 GB on each device; the largest has 141.0 GB/,
    unblockedBy: () => [{ by: "request" }, { by: "device", deviceIds: [] }],
    helps: /it asks for less, or when a larger device joins the pool/,
  },
  "worker-missing": {
    reason: () => ({ code: "worker-missing", kinds: ["cuda"], labels: ["zone=a"] }),
    says: /No worker that is alive has such a device \(cuda, zone=a\)/,
    unblockedBy: () => [{ by: "worker" }],
    helps: /a worker that can take it is there/,
  },
  "device-cordoned": {
    reason: () => ({ code: "device-cordoned", deviceIds: ["device_1"] }),
    says: /take no new runs now/,
    unblockedBy: () => [{ by: "device", deviceIds: ["device_1"] }],
    helps: /an operator lets its device take runs/,
  },
  "team-quota": {
    reason: () => ({ code: "team-quota", quota: "devices", limit: 4, used: 4, needs: 1 }),
    says: /Your team has 4 of at most 4 devices; it needs 1 more/,
    unblockedBy: (runId) => [{ by: "runs", runIds: [runId] }, { by: "quota" }],
    helps: /first ends, or when an operator raises the quota/,
  },
  "user-quota": {
    reason: () => ({ code: "user-quota", quota: "device-hours", limit: 10, used: 9.5, needs: 2 }),
    says: /You have used 9.5 of 10 device hours of this period/,
    unblockedBy: () => [{ by: "quota" }],
    helps: /an operator raises the quota/,
  },
  "held-for-aged": {
    reason: (runId) => ({ code: "held-for-aged", runIds: [runId] }),
    says: /waited too long and comes first: first/,
    unblockedBy: () => [{ by: "turn", ahead: 1 }],
    helps: /1 run before it has started/,
  },
  "held-for-head": {
    reason: (runId) => ({ code: "held-for-head", runIds: [runId], until: at }),
    says: /would delay first, which comes first and is to start by 2026-11-30 14:00 UTC/,
    unblockedBy: () => [{ by: "turn", ahead: 1 }],
    helps: /1 run before it has started/,
  },
  "gang-incomplete": {
    reason: () => ({ code: "gang-incomplete", needs: 4, available: 3 }),
    says: /needs 4 devices on one worker at once; 3 are free/,
    unblockedBy: (runId) => [{ by: "runs", runIds: [runId], others: 1 }],
    helps: /first, 1 run of another team end/,
  },
  "waiting-for-memory": {
    reason: () => ({ code: "waiting-for-memory", needsBytes: 80e9, freeBytes: 60e9 }),
    says: /needs 80.0 GB of memory on a device; at most 60.0 GB are free now/,
    unblockedBy: (runId) => [{ by: "runs", runIds: [runId] }],
    helps: /first ends/,
  },
  "fair-share-behind": {
    reason: () => ({ code: "fair-share-behind", share: 0.7, fair: 0.5 }),
    says: /Your team has had 70 % of the pool of late; its share is 50 %/,
    unblockedBy: () => [{ by: "turn", ahead: 3 }],
    helps: /3 runs before it have started/,
  },
  "waiting-for-device": {
    reason: () => ({ code: "waiting-for-device", matching: 8, ahead: 0 }),
    says: /All 8 devices that serve are in use; it is next/,
    unblockedBy: (runId) => [{ by: "runs", runIds: [runId] }],
    helps: /first ends/,
  },
  preempting: {
    reason: (runId) => ({ code: "preempting", runIds: [runId], until: at }),
    says: /first was asked to make room for it, until 2026-11-30 14:00 UTC/,
    unblockedBy: (runId) => [{ by: "runs", runIds: [runId] }],
    helps: /first ends/,
  },
};

describe.skipIf(noChromium)(
  `why a run waits${noChromium === undefined ? "" : ` (skipped: ${noChromium})`}`,
  () => {
    let api: TestApi;
    let browser: Browser;
    let page: Page;
    let first: string;
    let waiting: string;
    beforeAll(async () => {
      api = await startTestApi({ dashboard: readDashboard() });
      const blocker = await api.store.submit();
      await api.client.runs.change(blocker.id, { name: "first" });
      await api.store.claimed(blocker.id);
      first = blocker.id;
      waiting = (await api.store.submit()).id;
      await api.client.runs.change(waiting, { name: "second" });
      browser = await openBrowser();
      page = await signIn(await browser.newContext(), api.url, api.key);
    });
    afterAll(async () => {
      await browser?.close();
      await api?.close();
    });

    it.each(Object.entries(cases))(
      "%s: the page says cause and action, and the command line the same",
      async (_code, each) => {
        const reason = each.reason(first);
        await api.store.sql(
          `insert into run_waiting (run_id, reason, position, unblocked_by) values ($1, $2, 1, $3)
         on conflict (run_id) do update set reason = excluded.reason, unblocked_by = excluded.unblocked_by, since = now()`,
          [waiting, reason, JSON.stringify(each.unblockedBy(first))],
        );
        await page.goto(`${api.url}/queue`);
        await page.getByRole("button", { name: "Why second waits" }).click();
        const why = page
          .getByRole("group", { name: "Queue" })
          .locator("td[colspan]")
          .filter({ hasText: "Cancel" });
        await why.waitFor();
        // A run that does not wait is named by its end.
        const text = (await why.locator("p").allTextContents()).join("\n");
        const shown = text.replaceAll(`run …${first.slice(-6)}`, "first");
        expect(shown).toMatch(each.says);
        const help = /It starts when (.*)\./.exec(shown)?.[1] ?? "";
        expect(help).toMatch(each.helps);

        const environment = { ESPALIER_URL: api.url, ESPALIER_KEY: api.key };
        const { out } = await espalier(["queue"], { environment });
        const said = out.replaceAll(/\s+/g, " ").replaceAll(first, "first");
        const [cause] = shown.split("\n");
        expect(said).toContain(`${reason.code}: ${cause}`);
        if (help !== "") expect(said).toContain(help);
      },
    );

    it("says on the run's own page the same, and since when in its story", async () => {
      await page.goto(`${api.url}/runs/${waiting}`);
      const waits = page
        .getByRole("main")
        .getByText(/was asked to make room for it/)
        .first();
      await waits.waitFor();
      expect(await waits.textContent()).toContain("until 2026-11-30 14:00 UTC");
    });
  },
);
