import type { Overview, Team } from "@espalier/contract";
import type { UseQueryResult } from "@tanstack/react-query";
import { useResource } from "../api/use-resource.ts";
import { Panel } from "../elements/panel.tsx";
import { cells, Table } from "../elements/table.tsx";
import { Meter } from "./meter.tsx";

/** Who has had how much of the pool of late, beside what each is entitled to: the team and its users. */
export const Shares = ({ overview }: { overview: UseQueryResult<Overview> }) => (
  <Panel title="Shares of your team" query={overview} rows={3}>
    {({ team, users }) => <ShareTable team={team} users={users} />}
  </Panel>
);

const ShareTable = ({ team, users }: Pick<Overview, "team" | "users">) => (
  <Table
    label="Shares of your team"
    columns={[
      "Who",
      { name: "Devices now", number: true },
      { name: "Had of late", number: true },
      { name: "Entitled to", number: true },
    ]}
  >
    {[team, ...users].map(({ name, devices, used, fair }, i) => (
      <tr key={`${i} ${name}`}>
        <th scope="row">
          {name} <span className={cells.quiet}>{i === 0 ? "of the pool" : "of the team's"}</span>
        </th>
        <td className={cells.number}>{round(devices)}</td>
        <td className={cells.number}>
          <Meter share={used} />
        </td>
        <td className={cells.number}>
          <Meter share={fair} />
        </td>
      </tr>
    ))}
  </Table>
);

/** The same of all teams; for operators. */
export function TeamShares() {
  const teams = useResource<{ items: Team[] }>("teams");
  return (
    <Panel title="Shares of all teams" query={teams} rows={3}>
      {({ items }) => {
        const usage = sum(items.map((each) => each.usage));
        const weight = sum(items.map((each) => each.weight));
        return (
          <Table
            label="Shares of all teams"
            columns={[
              "Team",
              { name: "Devices now", number: true },
              { name: "Queued", number: true },
              { name: "Had of late", number: true },
              { name: "Entitled to", number: true },
              { name: "Device hours", number: true },
            ]}
          >
            {items.map((each) => (
              <tr key={each.id}>
                <th scope="row">{each.name}</th>
                <td className={cells.number}>
                  {round(each.runningDevices)}
                  {typeof each.quota.devices === "number" && ` of ${round(each.quota.devices)}`}
                </td>
                <td className={cells.number}>{each.queuedRuns}</td>
                <td className={cells.number}>
                  <Meter share={usage > 0 ? each.usage / usage : 0} />
                </td>
                <td className={cells.number}>
                  <Meter share={each.weight / weight} />
                </td>
                <td className={cells.number}>
                  {round(each.usedDeviceHours)}
                  {typeof each.quota.deviceHours === "number" &&
                    ` of ${round(each.quota.deviceHours)}`} this{" "}
                  {each.period}
                </td>
              </tr>
            ))}
          </Table>
        );
      }}
    </Panel>
  );
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const round = (value: number): string => (Math.round(value * 10) / 10).toLocaleString();
