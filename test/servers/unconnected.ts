import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "@espalier/store";
import type { ServerOptions } from "../../apps/api/src/server.ts";
import { listen } from "./api.ts";

/** The API on a database that is not there: for what it answers before it asks the database. */
export async function listenUnconnected(more: Partial<ServerOptions> = {}) {
  const bytesRoot = await mkdtemp(join(tmpdir(), "espalier-store-"));
  const store = await openStore({ databaseUrl: "postgresql://127.0.0.1:1/none", bytesRoot });
  const { app, url } = await listen(store, more);
  return {
    app,
    url,
    async close() {
      await app.close();
      await store.close();
      await rm(bytesRoot, { recursive: true, force: true });
    },
  };
}
