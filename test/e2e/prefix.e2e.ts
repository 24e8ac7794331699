import { createServer, request as ask, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readDashboard } from "../../apps/api/src/dashboard/files.ts";
import { startTestApi, type TestApi } from "../api/service.ts";
import { complaintsOf, noChromium, openBrowser, signIn } from "./browser.ts";
import { furnish } from "./furnish.ts";
import { pagesOf, settle } from "./pages.ts";

const prefix = "/lab/espalier";

/** A reverse proxy that serves the API under a prefix and takes that away, as nginx does; whatever else is asked of it, it refuses. */
async function proxyTo(target: URL, refused: string[]): Promise<{ server: Server; url: string }> {
  const server = createServer((incoming, outgoing) => {
    const { url = "/", method, headers } = incoming;
    if (!url.startsWith(`${prefix}/`)) {
      refused.push(url);
      return void outgoing.writeHead(404).end();
    }
    const forwarded = { ...headers, "x-forwarded-prefix": prefix, "x-forwarded-for": "10.1.2.3" };
    const passed = ask(
      {
        host: target.hostname,
        port: target.port,
        method,
        path: url.slice(prefix.length),
        headers: forwarded,
      },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    passed.on("error", () => outgoing.destroy());
    outgoing.on("close", () => passed.destroy());
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe.skipIf(noChromium)(
  `under a path of a proxy${noChromium === undefined ? "" : ` (skipped: ${noChromium})`}`,
  () => {
    let api: TestApi;
    let proxy: Awaited<ReturnType<typeof proxyTo>>;
    const refused: string[] = [];
    beforeAll(async () => {
      api = await startTestApi({ dashboard: readDashboard(), trustedProxies: ["127.0.0.1"] });
      proxy = await proxyTo(new URL(api.url), refused);
    });
    afterAll(async () => {
      proxy?.server.closeAllConnections();
      proxy?.server.close();
      await api?.close();
    });

    it("every page opens at its own address, is live, and asks for nothing outside of the path", async () => {
      const furnished = await furnish(api);
      const browser = await openBrowser();
      try {
        const home = `${proxy.url}${prefix}/`;
        const page = await signIn(await browser.newContext(), home, api.key);
        const complaints = complaintsOf(page);
        for (const path of Object.values(pagesOf(api, furnished))) {
          await page.goto(home + path);
          await settle(page);
          await page.getByRole("banner").getByText("live", { exact: true }).waitFor();
          expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe(`${prefix}/${path}`);
        }
        await page.getByRole("link", { name: "Espalier, the pool" }).click();
        await page.getByRole("heading", { level: 1, name: "Pool" }).waitFor();
        await page
          .getByRole("row", { name: /encoder-large/ })
          .getByRole("link")
          .first()
          .click();
        await page.getByRole("heading", { level: 1, name: "encoder-large" }).waitFor();
        expect(new URL(page.url()).pathname).toBe(`${prefix}/runs/${furnished.trainingId}`);
        await page.reload();
        await page.getByRole("heading", { level: 1, name: "encoder-large" }).waitFor();
        const { lease } = furnished.claims.get(furnished.trainingId)!;
        await api.store.beat(lease, { phase: "train", done: 940, total: 1000, unit: "steps" });
        await page.getByRole("main").getByText("94 %").waitFor();
        await page.getByRole("banner").getByRole("button").click();
        await page.getByRole("button", { name: "Sign out" }).click();
        await page.getByLabel("API key").waitFor();
        expect(new URL(page.url()).pathname).toBe(`${prefix}/`);
        expect(complaints).toEqual([]);
        expect(refused).toEqual([]);
      } finally {
        await browser.close();
      }
    });
  },
);
