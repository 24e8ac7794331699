import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { leaseTimingOf, newId } from "@espalier/contract";
import { migrate, openStore } from "@espalier/store";
import pg from "pg";
import { expect, it } from "vitest";
import { debianPostgres, startDebianPostgres } from "../servers/debian-postgres.ts";
import { claimOn } from "../servers/place.ts";
import { freshDatabase } from "../servers/postgres.ts";
import { settled } from "../servers/settled.ts";
import { cpu } from "../servers/store.ts";

const page = readFileSync(new URL("../../docs/operations.md", import.meta.url), "utf8");

/** The commands of a drill, as they stand on the page. */
const commandsOf = (drill: string): string => {
  const [, commands] = new RegExp(`<!-- drill: ${drill} -->\\s*\`\`\`sh\\n([^\`]*)\`\`\``).exec(page)!;
  return commands;
};

const why =
  debianPostgres === undefined ? "there is no PostgreSQL with its pg_dump (Debian: postgresql)" : undefined;

it.skipIf(why)(
  `a backup made and restored as docs/operations.md says goes on in another cluster${why ? ` (skipped: ${why})` : ""}`,
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "espalier-drill-"));
    const clusters = [await startDebianPostgres(), await startDebianPostgres()];
    const [from, to] = await Promise.all(clusters.map(({ url }) => freshDatabase(url)));
    const [oldData, newData] = [join(folder, "old"), join(folder, "new")];
    const lease = leaseTimingOf(9);
    const look = new pg.Pool({ connectionString: from, max: 1 });
    const drill = (name: string): void => {
      const { status, stderr } = spawnSync("bash", ["-euc", commandsOf(name)], {
        encoding: "utf8",
        env: {
          PATH: `${debianPostgres}:${process.env.PATH}`,
          BACKUP: folder,
          DATABASE_URL: from,
          ESPALIER_DATA: oldData,
          NEW_DATABASE_URL: to,
          NEW_ESPALIER_DATA: newData,
        },
      });
      expect(status, stderr).toBe(0);
    };
    try {
      await migrate(from);
      // The old cluster has done far more transactions than the new one will have.
      await look.query(
        "do $$ begin for i in 1..20000 loop perform pg_current_xact_id(); commit; end loop; end $$",
      );
      const before = await openStore({ databaseUrl: from, bytesRoot: oldData, lease });
      const { id: teamId } = await before.teams.ensure("orchard");
      const worker = await before.workers.register({ name: "w", host: "here", version: "0", devices: [cpu] });
      const spec = { kind: "prune" as const, model: newId("model"), layers: 2 };
      const { id: runId } = await before.runs.submit({ teamId, spec });
      const claim = (await claimOn(before, { runId, workerId: worker.id, deviceId: worker.devices[0].id }))!;
      const stored = await before.bytes.put(
        `runs/${runId}/a1/checkpoint`,
        (async function* () {
          yield Buffer.from("weights");
        })(),
      );
      await before.leases.saveCheckpoint(claim.lease, { step: 40, stored });
      await settled(async (text, values) => (await look.query(text, values)).rows);
      const written = await before.events.read(teamId, { runId });
      expect(written.events.map((event) => event.type === "run.state" && event.state)).toContain("RUNNING");

      drill("backup");
      // What happens after the dump is lost; a reader has seen it.
      await before.runs.cancel(teamId, runId);
      const seen = await before.events.position();
      await before.close();
      drill("restore");

      await migrate(to);
      const after = await openStore({ databaseUrl: to, bytesRoot: newData, lease });
      try {
        await after.ping();
        expect(await after.events.read(teamId, { runId })).toEqual(written);
        await expect
          .poll(() => after.leases.sweepExpired(0), { timeout: 30_000 })
          .toMatchObject([{ runId, attempt: 1 }]);
        const heir = await after.workers.register({
          name: "heir",
          host: "here",
          version: "0",
          devices: [cpu],
        });
        await expect
          .poll(async () => (await after.runs.get(teamId, runId)).state, { timeout: 10_000 })
          .toBe("QUEUED");
        const place = { runId, workerId: heir.id, deviceId: heir.devices[0].id };
        let next: Awaited<ReturnType<typeof claimOn>>;
        await expect
          .poll(async () => (next = await claimOn(after, place).catch(() => undefined)), { timeout: 30_000 })
          .toMatchObject({ lease: { attempt: 2 }, checkpoint: { step: 40, stored } });
        await after.bytes.verify(next!.checkpoint!.stored);
        // Whoever had read all of the old service misses nothing of the new one.
        await expect
          .poll(async () => (await after.events.read(teamId, { runId, after: seen })).events.length, {
            timeout: 30_000,
          })
          .toBeGreaterThanOrEqual(2);
      } finally {
        await after.close();
      }
    } finally {
      await look.end();
      for (const cluster of clusters) cluster.remove();
      await rm(folder, { recursive: true, force: true });
    }
  },
);
