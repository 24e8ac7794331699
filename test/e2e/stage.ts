import type { Browser, BrowserContext, Page } from "playwright-core";
import { readDashboard } from "../../apps/api/src/dashboard/files.ts";
import { startTestApi, type TestApi } from "../api/service.ts";
import { startPostgres, type PostgresServer } from "../servers/postgres.ts";
import { complaintsOf, openBrowser, signIn } from "./browser.ts";
import { furnish, type Furnished } from "./furnish.ts";

/** A furnished service on a PostgreSQL of its own, which a test may stop, and a browser in which an operator has signed in. */
export interface Stage {
  server: PostgresServer;
  api: TestApi;
  furnished: Furnished;
  browser: Browser;
  context: BrowserContext;
  page: Page;
  /** The operator's key. */
  key: string;
  /** What no user should meet, of `page`. */
  complaints: string[];
  to: (path: string) => Promise<void>;
  close: () => Promise<void>;
}

/** @param history an experiment that has ended before, so that pages have all that they can show */
export async function openStage({ history = false } = {}): Promise<Stage> {
  const server = await startPostgres();
  const api = await startTestApi({ dashboard: readDashboard() }, server.url);
  const furnished = await furnish(api, { history });
  const { text: key } = await api.store.teams.createKey(api.store.teamId, {
    name: "ops",
    user: "ada",
    role: "admin",
    operator: true,
  });
  // No leader runs here: the tests let the scheduler decide.
  await api.store.sql(
    "insert into scheduler_pass (leader, passed_at) values ('lab', now() + interval '1 hour')",
  );
  const browser = await openBrowser();
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await signIn(context, api.url, key);
  return {
    server,
    api,
    furnished,
    browser,
    context,
    page,
    key,
    complaints: complaintsOf(page),
    async to(path) {
      await page.goto(`${api.url}/${path}`);
    },
    async close() {
      await browser.close();
      await api.close();
      await server.remove();
    },
  };
}

/** A key of a team that has nothing yet. */
export async function emptyTeamKey(api: TestApi): Promise<string> {
  const { id } = await api.store.teams.ensure("newcomers");
  return (await api.store.teams.createKey(id, { name: "first", role: "admin" })).text;
}
