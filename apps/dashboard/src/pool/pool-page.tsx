import type { Overview, Pool, Run, Worker } from "@espalier/contract";
import { useMemo } from "react";
import { useResource } from "../api/use-resource.ts";
import { Empty } from "../elements/empty.tsx";
import { Page } from "../elements/page.tsx";
import { Panel } from "../elements/panel.tsx";
import { useNow } from "../elements/time.tsx";
import { useMay } from "../session/use-me.ts";
import { Alerts } from "./alerts.tsx";
import { DeviceGrid } from "./device-grid.tsx";
import { DeviceTable } from "./device-table.tsx";
import { devicesOf } from "./device-state.ts";
import { EndedByHour } from "./ended-by-hour.tsx";
import { PoolSummary } from "./pool-summary.tsx";
import { Shares, TeamShares } from "./shares.tsx";
import { Trouble } from "./trouble.tsx";
import { WorkerList } from "./worker-list.tsx";
import classes from "./pool-page.module.css";

/** More devices than this are shown as tiles, so that two hundred fit on one screen. */
const mostRows = 24;
/** Measurements of devices are no events. */
const everyMs = 5_000;

/** The home page: every device of the pool, what is wrong with it, and whose share is how large. */
export function PoolPage() {
  const pool = useResource<Pool>("pool", { everyMs });
  const workers = useResource<{ items: Worker[] }>("workers", { everyMs });
  const running = useResource<{ items: Run[] }>("runs", { query: { state: "RUNNING", limit: 200 } });
  const operator = useMay("operator");
  const overview = useResource<Overview>("overview", { everyMs: 30_000 });
  const runs = useMemo(() => new Map(running.data?.items.map((run) => [run.id, run])), [running.data]);
  const minute = Math.floor(useNow() / 5_000) * 5_000;
  const devices = useMemo(() => devicesOf(workers.data?.items ?? [], minute), [workers.data, minute]);
  const many = devices.length > mostRows;
  return (
    <Page title="Pool" lead={pool.data && <PoolSummary pool={pool.data} />}>
      <Alerts query={pool} />
      <Trouble running={running.data?.items ?? []} />
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
      {workers.data && <WorkerList workers={workers.data.items} />}
      <div className={classes.columns}>
        <Panel title="Ended in the last day" query={overview} rows={4}>
          {({ ended }) => <EndedByHour ended={ended} now={minute} />}
        </Panel>
        <Shares overview={overview} />
      </div>
      {operator && <TeamShares />}
    </Page>
  );
}
