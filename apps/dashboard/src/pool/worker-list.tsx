import type { Worker } from "@espalier/contract";
import { useState } from "react";
import { Badge } from "../elements/badge.tsx";
import { Button } from "../elements/button.tsx";
import { Frame } from "../elements/panel.tsx";
import { cells, Table } from "../elements/table.tsx";
import { Ago } from "../elements/time.tsx";
import { DrainControl } from "./drain-control.tsx";

/** Those first that somebody should look at, those that stopped last. */
const order = (worker: Worker): number =>
  worker.state === "LOST" ? 0 : worker.state === "STOPPED" ? 3 : worker.drain ? 1 : 2;

/** The workers of the pool: which drain, since when, who wanted it and why. Those that stopped are shown on demand. */
export function WorkerList({ workers }: { workers: readonly Worker[] }) {
  const [all, setAll] = useState(false);
  const stopped = workers.filter(({ state }) => state === "STOPPED").length;
  const shown = workers
    .filter(({ state }) => all || state !== "STOPPED")
    .sort((a, b) => order(a) - order(b) || a.name.localeCompare(b.name, undefined, { numeric: true }));
  if (workers.length === 0) return null;
  return (
    <Frame
      title="Workers"
      aside={
        stopped > 0 && (
          <Button look="bare" pressed={all} onPress={() => setAll(!all)}>
            {stopped} stopped
          </Button>
        )
      }
    >
      <WorkerTable workers={shown} />
    </Frame>
  );
}

const WorkerTable = ({ workers }: { workers: readonly Worker[] }) => (
  <Table
    label="Workers"
    columns={[
      "Worker",
      "State",
      "Host",
      { name: "Devices", number: true },
      "Drain",
      { name: "Seen", number: true },
      { name: "Actions", hidden: true },
    ]}
  >
    {workers.map((worker) => (
      <tr key={worker.id}>
        <th scope="row">{worker.name}</th>
        <td>
          <WorkerBadge worker={worker} />
        </td>
        <td>{worker.host}</td>
        <td className={cells.number}>{worker.devices.length}</td>
        <td className={cells.wide}>{worker.drain ? <Drain worker={worker} /> : "–"}</td>
        <td className={cells.number}>
          <Ago at={worker.lastSeenAt} />
        </td>
        <td className={cells.number}>
          <DrainControl worker={worker} />
        </td>
      </tr>
    ))}
  </Table>
);

function WorkerBadge({ worker: { state, drain } }: { worker: Worker }) {
  if (state === "LOST")
    return (
      <Badge tone="bad" icon="cross">
        lost
      </Badge>
    );
  if (state === "STOPPED")
    return (
      <Badge tone="quiet" icon="stop">
        stopped
      </Badge>
    );
  if (drain)
    return (
      <Badge tone="warn" icon="down">
        {drain.doneAt === undefined ? "draining" : "drained"}
      </Badge>
    );
  return (
    <Badge tone="good" icon="check">
      active
    </Badge>
  );
}

const Drain = ({ worker: { drain } }: { worker: Worker }) =>
  drain && (
    <>
      since <Ago at={drain.since} suffix={false} />
      {drain.by !== undefined && <> by {drain.by}</>}
      {drain.reason !== undefined && <>: {drain.reason}</>}
    </>
  );
