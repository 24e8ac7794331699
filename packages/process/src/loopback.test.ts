import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { keepLoopbackDirect } from "./loopback.ts";

it("exempts loopback besides what is exempt already, in each list that there is", () => {
  const none: NodeJS.ProcessEnv = {};
  keepLoopbackDirect(none);
  expect(none).toEqual({ NO_PROXY: "localhost,127.0.0.1,::1,[::1]" });
  const both: NodeJS.ProcessEnv = { NO_PROXY: "ignored.test", no_proxy: "hub.test, localhost" };
  keepLoopbackDirect(both);
  expect(both).toEqual({
    NO_PROXY: "hub.test,localhost,127.0.0.1,::1,[::1]",
    no_proxy: "hub.test,localhost,127.0.0.1,::1,[::1]",
  });
  const all: NodeJS.ProcessEnv = { NO_PROXY: "*" };
  keepLoopbackDirect(all);
  expect(all).toEqual({ NO_PROXY: "*" });
});

/** Node 20 has no proxies of its own: then this only shows that nothing else breaks. */
it("lets a process reach a server of this host although its environment names a proxy", async () => {
  const server = createServer((_request, response) => response.end("here")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const module = JSON.stringify(new URL("loopback.ts", import.meta.url).href);
  const script = `const { keepLoopbackDirect } = await import(${module}); keepLoopbackDirect(process.env);
    console.log(await (await fetch("http://127.0.0.1:${port}/")).text())`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
    env: {
      ...process.env,
      NODE_USE_ENV_PROXY: "1",
      HTTP_PROXY: "http://127.0.0.1:9",
      NO_PROXY: "",
      no_proxy: undefined,
      // Node 22 calls what reads the proxies experimental.
      NODE_NO_WARNINGS: "1",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const output of [child.stdout, child.stderr]) output.on("data", (chunk) => (said += String(chunk)));
  await once(child, "close");
  server.close();
  expect(said).toBe("here\n");
});
