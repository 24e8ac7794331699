import { useMe } from "../session/use-me.ts";
import type { Team } from "@espalier/contract";
import { useResource } from "../api/use-resource.ts";
import { Panel } from "../elements/panel.tsx";
import { cells, Table } from "../elements/table.tsx";
import { useMay } from "../session/use-me.ts";
import { Meter } from "./meter.tsx";

type Sharer = Pick<
  Team,
  "id" | "name" | "weight" | "period" | "usedDeviceHours" | "usage" | "runningDevices" | "queuedRuns"
> & {
  quota: { devices?: number | null; deviceHours?: number | null };
};

/** Who has had how much of the pool, beside what each is entitled to. Operators see all teams, others their own and themselves. */
export function Shares() {
  const operator = useMay("operator");
  const me = useMe();
  const teams = useResource<{ items: Team[] }>("teams", { enabled: operator });
  if (operator)
    return (
      <Panel title="Shares" query={teams}>
        {({ items }) => <ShareTable sharers={items} compared={items.length > 1} />}
      </Panel>
    );
  return (
    <Panel title="Your share" query={me}>
      {({ team, user }) => (
        <ShareTable
          sharers={[team, ...(user ? [{ ...user, name: `${user.name}, you` }] : [])]}
          compared={false}
        />
      )}
    </Panel>
  );
}

/** @param compared they share one pool, so that each has a part of all that was used */
function ShareTable({ sharers, compared }: { sharers: readonly Sharer[]; compared: boolean }) {
  const [usage, weight] = [sum(sharers.map((each) => each.usage)), sum(sharers.map((each) => each.weight))];
  return (
    <Table
      label="Shares"
      columns={[
        "Who",
        { name: "Devices now", number: true },
        { name: "Queued", number: true },
        { name: "Had of late", number: true },
        { name: "Entitled to", number: true },
        { name: "Device hours", number: true },
      ]}
    >
      {sharers.map((each) => (
        <tr key={each.id}>
          <th scope="row">{each.name}</th>
          <td className={cells.number}>
            {round(each.runningDevices)}
            {typeof each.quota.devices === "number" && ` of ${round(each.quota.devices)}`}
          </td>
          <td className={cells.number}>{each.queuedRuns}</td>
          <td className={cells.number}>
            <Meter share={compared && usage > 0 ? each.usage / usage : undefined} />
          </td>
          <td className={cells.number}>
            <Meter share={compared ? each.weight / weight : undefined} />
          </td>
          <td className={cells.number}>
            {round(each.usedDeviceHours)}
            {typeof each.quota.deviceHours === "number" && ` of ${round(each.quota.deviceHours)}`} this{" "}
            {each.period}
          </td>
        </tr>
      ))}
    </Table>
  );
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const round = (value: number): string => (Math.round(value * 10) / 10).toLocaleString();
