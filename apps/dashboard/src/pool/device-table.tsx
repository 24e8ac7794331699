import type { Run } from "@espalier/contract";
import { bytes } from "../elements/format.ts";
import { ProgressBar } from "../elements/progress-bar.tsx";
import { cells, Table } from "../elements/table.tsx";
import { Ago } from "../elements/time.tsx";
import { RunLink } from "../runs/run-link.tsx";
import { endOf } from "../runs/title.ts";
import { CordonButton } from "./cordon-button.tsx";
import { DeviceBadge } from "./device-badge.tsx";
import { Meter } from "./meter.tsx";
import type { PoolDevice } from "./device-state.ts";

interface Props {
  devices: readonly PoolDevice[];
  runs: ReadonlyMap<string, Run>;
  now: number;
}

const columns = [
  "Device",
  "State",
  "Run",
  "User",
  "Progress",
  "Ends",
  { name: "Used", number: true },
  { name: "Memory", number: true },
  { name: "Since", number: true },
  { name: "Actions", hidden: true },
] as const;

export const DeviceTable = ({ devices, runs, now }: Props) => (
  <Table label="Devices" columns={columns}>
    {devices.map((each) => (
      <DeviceRow key={each.device.id} each={each} runs={runs} now={now} />
    ))}
  </Table>
);

function DeviceRow({ each, runs, now }: { each: PoolDevice } & Omit<Props, "devices">) {
  const { device, worker } = each;
  const own = device.runIds.flatMap((id) => runs.get(id) ?? []);
  const [run] = own;
  const end = run && endOf(run, now);
  const used = device.memoryBytes - (device.measured?.freeBytes ?? device.memoryBytes);
  const since = run?.startedAt ?? device.holds[0]?.since ?? worker.drain?.since;
  return (
    <tr>
      <th scope="row">
        {worker.name} <span className={cells.quiet}>{device.address}</span>
      </th>
      <td>
        <DeviceBadge each={each} now={now} />
      </td>
      <td>
        {run ? (
          <RunLink run={run} />
        ) : device.busy ? (
          <span className={cells.quiet}>of another team</span>
        ) : (
          "–"
        )}
        {own.length > 1 && <span className={cells.quiet}> and {own.length - 1} more</span>}
      </td>
      <td>{run?.createdBy?.user ?? "–"}</td>
      <td>{run ? <ProgressBar runId={run.id} progress={run.progress} /> : "–"}</td>
      <td>{end === undefined ? "–" : <Ago at={new Date(end).toISOString()} />}</td>
      <td className={cells.number}>
        <Meter
          share={device.measured?.utilization === undefined ? undefined : device.measured.utilization / 100}
        />
      </td>
      <td className={cells.number} title={device.name}>
        {device.memoryBytes === 0
          ? "–"
          : device.measured?.freeBytes === undefined
            ? bytes(device.memoryBytes)
            : `${bytes(used)} of ${bytes(device.memoryBytes)}`}
      </td>
      <td className={cells.number}>{since === undefined ? "–" : <Ago at={since} suffix={false} />}</td>
      <td className={cells.number}>
        <CordonButton each={each} />
      </td>
    </tr>
  );
}
