import type { Pool, Run, Worker } from "@espalier/contract";
import { useMemo } from "react";
import { useResource } from "../api/use-resource.ts";
import { Empty } from "../elements/empty.tsx";
import { Page } from "../elements/page.tsx";
import { Panel } from "../elements/panel.tsx";
import { useNow } from "../elements/time.tsx";
import { Alerts } from "./alerts.tsx";
import { DeviceGrid } from "./device-grid.tsx";
import { DeviceTable } from "./device-table.tsx";
import { devicesOf } from "./device-state.ts";
import { PoolSummary } from "./pool-summary.tsx";
import { Shares } from "./shares.tsx";
import { WorkerList } from "./worker-list.tsx";

/** More devices than this are shown as tiles, so that two hundred fit on one screen. */
const mostRows = 24;
/** Measurements of devices are no events. */
const everyMs = 5_000;

/** The home page: every device of the pool, what is wrong with it, and whose share is how large. */
export function PoolPage() {
  const pool = useResource<Pool>("pool", { everyMs });
  const workers = useResource<{ items: Worker[] }>("workers", { everyMs });
  const running = useResource<{ items: Run[] }>("runs", { query: { state: "RUNNING", limit: 200 } });
  const runs = useMemo(() => new Map(running.data?.items.map((run) => [run.id, run])), [running.data]);
  const minute = Math.floor(useNow() / 5_000) * 5_000;
  const devices = useMemo(() => devicesOf(workers.data?.items ?? [], minute), [workers.data, minute]);
  const many = devices.length > mostRows;
  return (
    <Page title="Pool" lead={pool.data && <PoolSummary pool={pool.data} />}>
      <Alerts query={pool} />
      <Panel title="Devices" query={workers} rows={6}>
        {() =>
          devices.length === 0 ? (
            <Empty title="No worker is alive, so nothing computes." command="npm start">
              <p>
                A service that you start here brings a worker for this machine. docs/operations.md adds
                others.
              </p>
            </Empty>
          ) : many ? (
            <DeviceGrid devices={devices} runs={runs} now={minute} />
          ) : (
            <DeviceTable devices={devices} runs={runs} now={minute} />
          )
        }
      </Panel>
      {workers.data && workers.data.items.length > 0 && <WorkerList workers={workers.data.items} />}
      <Shares />
    </Page>
  );
}
