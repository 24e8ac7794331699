/**
 * What it costs an API that each statement says for which team it acts, and that row-level security looks at each row: the same
 * calls of the whole server but the network, with a store as an API has it and with one as the owner of the tables has it, by
 * turns on one server.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildServer } from "../../apps/api/src/server.ts";
import { migrate, openStore, type Store } from "../../packages/store/src/index.ts";
import { serverOptions } from "../../test/servers/api.ts";
import { startPostgres } from "../../test/servers/postgres.ts";
import { serverCpuMs } from "./server-cpu.ts";

const rounds = 8;
const calls = 100;

interface Spent {
  took: number[];
  server: number;
  here: number;
}

export async function rowSecurity(): Promise<void> {
  const server = await startPostgres();
  const bytesRoot = await mkdtemp(join(tmpdir(), "espalier-bench-"));
  await migrate(server.url);
  const stores = {
    "as the owner": await openStore({ databaseUrl: server.url, bytesRoot }),
    "as the API": await openStore({ databaseUrl: server.url, bytesRoot, role: "api" }),
  };
  const owner = stores["as the owner"];
  const apps = await Promise.all(
    Object.entries(stores).map(async ([name, store]) => ({
      name,
      store,
      app: await buildServer(serverOptions(store)),
    })),
  );
  try {
    const { id: teamId } = await owner.teams.ensure("orchard");
    const { text: key } = await owner.teams.createKey(teamId, { name: "bench" });
    const headers = { authorization: `Bearer ${key}` };
    const spec = { kind: "prune", model: "mdl_0123456789abcdefghjkmnpqrs", layers: 1 } as const;
    const { id: runId } = await owner.runs.submit({ teamId, spec });
    const requests = {
      "a run": { url: `/v1/runs/${runId}` },
      "a list of runs": { url: "/v1/runs?limit=20" },
      "a change of a run": { url: `/v1/runs/${runId}`, method: "PATCH", payload: { notes: "seen" } },
    } as const;
    for (const [what, request] of Object.entries(requests)) {
      const spent = new Map<Store, Spent>();
      // The first round only compiles.
      for (let round = 0; round <= rounds; round++)
        for (const { app, store } of apps) {
          const before = { server: await serverCpuMs(owner), here: process.cpuUsage() };
          const took: number[] = [];
          for (let i = 0; i < calls; i++) {
            const from = performance.now();
            const { statusCode, body } = await app.inject({ ...request, headers });
            took.push(performance.now() - from);
            if (statusCode >= 400) throw new Error(body);
          }
          if (round === 0) continue;
          const { user, system } = process.cpuUsage(before.here);
          const so = spent.get(store) ?? { took: [], server: 0, here: 0 };
          spent.set(store, {
            took: [...so.took, ...took],
            server: so.server + (await serverCpuMs(owner)) - before.server,
            here: so.here + (user + system) / 1000,
          });
        }
      const figures = apps.map(({ name, store }) => ({ name, ...figuresOf(spent.get(store)!) }));
      for (const { name, median, server: there, here } of figures)
        console.log(
          `${what} ${name}: ${median.toFixed(2)} ms (median), processor: ${here.toFixed(2)} ms here, ${there.toFixed(2)} ms of PostgreSQL`,
        );
      const [without, guarded] = figures;
      console.log(
        `  ratio: ${(guarded.median / without.median).toFixed(2)}; of processor time ${((guarded.here + guarded.server) / (without.here + without.server)).toFixed(2)}`,
      );
    }
  } finally {
    await Promise.all(apps.map(({ app }) => app.close()));
    await Promise.all(Object.values(stores).map((store) => store.close()));
    await server.remove();
    await rm(bytesRoot, { recursive: true });
  }
}

function figuresOf({ took, server, here }: Spent) {
  const sorted = [...took].sort((a, b) => a - b);
  return {
    median: sorted[Math.floor(sorted.length / 2)],
    server: server / took.length,
    here: here / took.length,
  };
}
