import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import Fastify, { type FastifyInstance } from "fastify";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { problemDocuments } from "../plugins/problems.ts";
import { basePathOf } from "./base-path.ts";
import { readDashboard } from "./files.ts";
import { dashboard } from "./routes.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "espalier-dashboard-"));
  mkdirSync(join(folder, "assets"));
  writeFileSync(join(folder, "index.html"), '<base href="/" /><script src="./assets/a-1.js"></script>');
  writeFileSync(join(folder, "assets/a-1.js"), "1");
  writeFileSync(join(folder, "assets/a-1.js.gz"), gzipSync("1"));
});
afterAll(() => rmSync(folder, { recursive: true }));

let app: FastifyInstance | undefined;
afterEach(() => app?.close());
async function serve({ base, trustProxy = false }: { base?: string; trustProxy?: boolean | string } = {}) {
  app = Fastify({ trustProxy });
  await app.register(problemDocuments);
  await app.register(dashboard, { dashboard: readDashboard(folder), base, trusted: trustProxy !== false });
  const browser = { accept: "text/html,application/xhtml+xml" };
  return (url: string, headers: Record<string, string> = browser) => app!.inject({ url, headers });
}

describe("the dashboard", () => {
  it("is served at / and at every path that only its page knows, to browsers alone", async () => {
    const get = await serve();
    for (const path of ["/", "/runs", "/runs/run_1?tab=log"])
      expect(await get(path)).toMatchObject({
        statusCode: 200,
        body: expect.stringContaining('<base href="/"') as string,
      });
    for (const path of ["/v1/nothing", "/docs/nothing", "/assets/old.js"])
      expect((await get(path)).json()).toMatchObject({ status: 404, code: "resource/not-found" });
    expect((await get("/runs", { accept: "application/json" })).json()).toMatchObject({ status: 404 });
  });

  it("allows scripts and styles of its own origin and nothing else", async () => {
    const { headers } = await (await serve())("/");
    expect(headers["content-security-policy"]).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self';/,
    );
    expect(headers["content-security-policy"]).not.toMatch(/unsafe|data:|https?:/);
  });

  it("sends files compressed to whoever takes that, to be kept for ever", async () => {
    const get = await serve();
    const file = await get("/assets/a-1.js", { "accept-encoding": "deflate, gzip;q=0.5" });
    expect(file.headers).toMatchObject({
      "content-encoding": "gzip",
      "cache-control": expect.stringContaining("immutable") as string,
      vary: "accept-encoding",
    });
    expect(file.rawPayload).toEqual(gzipSync("1"));
    for (const accepted of ["", "gzip;q=0", "br"])
      expect((await get("/assets/a-1.js", { "accept-encoding": accepted })).body).toBe("1");
    expect(await get("/assets/a-1.js", { "if-none-match": String(file.headers.etag) })).toMatchObject({
      statusCode: 304,
      body: "",
    });
  });

  it("is under the operator's prefix, or that of a proxy that the operator trusts", async () => {
    const prefix = {
      accept: "text/html",
      "x-forwarded-prefix": "/lab/espalier",
      "x-forwarded-for": "10.0.0.9",
    };
    expect((await (await serve())("/", prefix)).body).toContain('<base href="/"');
    await app!.close();
    expect((await (await serve({ trustProxy: "127.0.0.1" }))("/", prefix)).body).toContain(
      '<base href="/lab/espalier/"',
    );
    await app!.close();
    const hostile = { ...prefix, "x-forwarded-prefix": '/"><script>' };
    expect((await (await serve({ trustProxy: "127.0.0.1" }))("/", hostile)).body).toContain('<base href="/"');
    await app!.close();
    expect((await (await serve({ base: "/espalier/" }))("/queue")).body).toContain('<base href="/espalier/"');
  });

  it.each([
    ["espalier", "/espalier/"],
    ["/a/b/", "/a/b/"],
    ["/", "/"],
  ])("reads the prefix %s as %s", (text, path) => expect(basePathOf(text)).toBe(path));

  it.each(["/a/../b", '/"', "/a b"])("refuses the prefix %s", (text) =>
    expect(() => basePathOf(text)).toThrow("no path"),
  );
});
