import type { Worker } from "@espalier/contract";
import { Badge } from "../elements/badge.tsx";
import { Frame } from "../elements/panel.tsx";
import { cells, Table } from "../elements/table.tsx";
import { Ago } from "../elements/time.tsx";
import { DrainControl } from "./drain-control.tsx";

/** The workers of the pool: which drain, since when, who wanted it and why. */
export const WorkerList = ({ workers }: { workers: readonly Worker[] }) => (
  <Frame title="Workers">
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
  </Frame>
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
