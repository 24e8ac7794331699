import { once } from "node:events";
import { createServer, request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { checksums, hubTrial } from "../testing/hub-download.ts";

const token = "hf_secret";
const isFile = ({ server, file }: { server: string; file?: string }) =>
  server === "hub" && file === "model.safetensors";

describe("the token", () => {
  test("goes to the hub, through its own redirects too, and to nobody else", async () => {
    await using trial = await hubTrial({ token });
    await trial.download({}, { access: { token } });
    expect(await checksums(trial.output)).toEqual(await checksums(trial.source));
    const seen = (server: string) =>
      new Set(
        trial.hub.requests
          .filter((request) => request.server === server)
          .map(({ headers }) => headers.authorization),
      );
    expect(seen("hub")).toEqual(new Set([`Bearer ${token}`]));
    expect(trial.hub.requests.some(({ path }) => path.includes("resolve-cache"))).toBe(true);
    expect(seen("storage")).toEqual(new Set([undefined]));
  });

  test("does not come back with a redirect that has left the hub", async () => {
    await using trial = await hubTrial({ token });
    const back = `${trial.hub.endpoint}/org/tiny/resolve/${trial.commit}/config.json?back`;
    trial.hub.misbehave = ({ server }) => (server === "storage" ? { redirect: back } : undefined);
    await expect(trial.download({}, { access: { token } })).rejects.toMatchObject({
      code: "hub/access-denied",
    });
    const returned = trial.hub.requests.filter(({ path }) => path.endsWith("?back"));
    expect(returned.length).toBeGreaterThan(0);
    expect(returned.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });
});

describe("a redirect is refused", () => {
  test.each([
    ["to cloud metadata", "https://169.254.169.254/latest/meta-data/"],
    ["to cloud metadata by http", "http://169.254.169.254/latest/meta-data/"],
    ["to a private address", "https://10.1.2.3/x"],
    ["to loopback", "https://127.0.0.1/x"],
    ["to loopback as a number", "https://2130706433/x"],
    ["to loopback in hexadecimal", "https://0x7f.1/x"],
    ["to loopback in IPv6", "https://[::1]/x"],
    ["to a mapped address", "https://[::ffff:169.254.169.254]/x"],
    ["to a NAT64 address", "https://[64:ff9b::a9fe:a9fe]/x"],
    ["to a name that is loopback", "https://localhost/x"],
    ["away from https", "http://example.com/x"],
    ["to a file", "file:///etc/passwd"],
    ["to another scheme", "ftp://example.com/x"],
    ["with a password", "https://user:password@example.com/x"],
  ])("%s", async (_, redirect) => {
    await using trial = await hubTrial();
    trial.hub.misbehave = (request) => (isFile(request) ? { redirect } : undefined);
    await expect(trial.download()).rejects.toMatchObject({ code: "hub/address-refused" });
  });

  test("to another origin on the endpoint's own machine that the operator has not named", async () => {
    await using trial = await hubTrial();
    await expect(trial.download({}, { access: { origins: [] } })).rejects.toMatchObject({
      code: "hub/address-refused",
      message: expect.stringContaining("ESPALIER_HUB_ORIGINS") as string,
    });
    expect(trial.hub.requests.every(({ server }) => server === "hub")).toBe(true);
  });

  test.each([
    ["without end", (endpoint: string) => `${endpoint}/org/tiny/resolve/x/model.safetensors`],
    ["to nowhere", () => "http://"],
  ])("%s", async (_, to) => {
    await using trial = await hubTrial();
    const redirect = to(trial.hub.endpoint);
    trial.hub.misbehave = (request) => (isFile(request) ? { redirect } : undefined);
    await expect(trial.download()).rejects.toMatchObject({ code: "hub/malformed" });
  });
});

describe("a proxy", () => {
  test("carries all requests, with its own password and never with that of the hub", async () => {
    await using trial = await hubTrial({ token });
    await using proxy = await startProxy();
    const http = `http://me:secret@127.0.0.1:${proxy.port}`;
    await trial.download({}, { access: { token, proxy: { http } } });
    expect(await checksums(trial.output)).toEqual(await checksums(trial.source));
    expect(proxy.passwords).toEqual(new Set([`Basic ${btoa("me:secret")}`]));
    expect(proxy.requests).toBe(trial.hub.requests.length);
  });

  test("is not asked for hosts that need none", async () => {
    await using trial = await hubTrial();
    await using proxy = await startProxy();
    const http = `http://127.0.0.1:${proxy.port}`;
    await trial.download({}, { access: { proxy: { http, no: "localhost,127.0.0.1" } } });
    expect(proxy.requests).toBe(0);
  });

  test("is not asked for an address that is refused", async () => {
    await using trial = await hubTrial();
    await using proxy = await startProxy();
    const proxies = { http: `http://127.0.0.1:${proxy.port}`, https: `http://127.0.0.1:${proxy.port}` };
    trial.hub.misbehave = (request) =>
      isFile(request) ? { redirect: "https://169.254.169.254/x" } : undefined;
    await expect(trial.download({}, { access: { proxy: proxies } })).rejects.toMatchObject({
      code: "hub/address-refused",
    });
    expect(proxy.tunnels).toEqual([]);
  });

  test("that refuses is named", async () => {
    await using trial = await hubTrial();
    await using proxy = await startProxy(407);
    const https = `http://127.0.0.1:${proxy.port}`;
    trial.hub.misbehave = (request) =>
      isFile(request) ? { redirect: "https://storage.example/x" } : undefined;
    await expect(trial.download({}, { access: { proxy: { https } } })).rejects.toMatchObject({
      code: "hub/unavailable",
      message: expect.stringContaining("Proxy response (407)") as string,
    });
    expect(proxy.tunnels).toContain("storage.example:443");
  });
});

interface Proxy extends AsyncDisposable {
  port: number;
  requests: number;
  passwords: Set<string | undefined>;
  tunnels: string[];
}

/** A forward proxy for plain http, which refuses tunnels. */
async function startProxy(refusal = 403): Promise<Proxy> {
  const server: Server = createServer((incoming, outgoing) => {
    proxy.requests += 1;
    const { "proxy-authorization": password, "proxy-connection": _, ...headers } = incoming.headers;
    proxy.passwords.add(password);
    const onward = httpRequest(incoming.url!, { method: incoming.method!, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
    });
    onward.end();
  });
  server.on("connect", ({ url }, socket) => {
    proxy.tunnels.push(url!);
    socket.end(`HTTP/1.1 ${refusal} Refused\r\n\r\n`);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const proxy: Proxy = {
    port: (server.address() as AddressInfo).port,
    requests: 0,
    passwords: new Set(),
    tunnels: [],
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await once(server.close(), "close");
    },
  };
  return proxy;
}
