import type { Team } from "@espalier/contract";
import { useRef } from "react";
import { useResource } from "../api/use-resource.ts";
import { Dialog } from "../elements/dialog.tsx";
import { Panel } from "../elements/panel.tsx";
import { cells, Table } from "../elements/table.tsx";
import { useAction } from "../elements/use-action.ts";

const limit = (value: number | null | undefined): string =>
  typeof value === "number" ? value.toLocaleString() : "no limit";

/** What each team may have; operators change it. */
export function QuotasPanel({ operator }: { operator: boolean }) {
  const query = useResource<{ items: Team[] }>("teams");
  return (
    <Panel title="Teams and quotas" query={query} rows={3}>
      {({ items }) => (
        <Table
          label="Teams and quotas"
          columns={[
            "Team",
            { name: "Weight", number: true },
            { name: "Devices", number: true },
            { name: "Borrowed", number: true },
            { name: "Device hours", number: true },
            { name: "Runs that may wait", number: true },
            { name: "Users", number: true },
            { name: "Actions", hidden: true },
          ]}
        >
          {items.map((team) => (
            <tr key={team.id}>
              <th scope="row">{team.name}</th>
              <td className={cells.number}>{team.weight}</td>
              <td className={cells.number}>{limit(team.quota.devices)}</td>
              <td className={cells.number}>{limit(team.quota.borrowing)}</td>
              <td className={cells.number}>
                {typeof team.quota.deviceHours === "number"
                  ? `${limit(team.quota.deviceHours)} a ${team.period}`
                  : "no limit"}
              </td>
              <td className={cells.number}>{limit(team.quota.pendingRuns)}</td>
              <td className={cells.number}>{team.users.length}</td>
              <td className={cells.number}>{operator && <ChangeQuota team={team} />}</td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
}

const fields = [
  ["devices", "Devices of its own"],
  ["borrowing", "Devices that it may borrow"],
  ["deviceHours", "Device hours of a period"],
] as const;

function ChangeQuota({ team }: { team: Team }) {
  const action = useAction();
  const form = useRef<HTMLDivElement>(null);
  const change = (): Promise<unknown> => {
    const value = (name: string): string =>
      form.current?.querySelector<HTMLInputElement>(`[name=${name}]`)?.value.trim() ?? "";
    const json = {
      weight: Number(value("weight")),
      ...Object.fromEntries(fields.map(([name]) => [name, value(name) === "" ? null : Number(value(name))])),
    };
    return action.mutateAsync({ verb: "PUT", path: `teams/${encodeURIComponent(team.name)}`, json });
  };
  return (
    <Dialog
      opener="Change"
      label={`Change the quota of ${team.name}`}
      title={`Quota of ${team.name}`}
      confirm="Change"
      error={action.error}
      onConfirm={change}
    >
      <div ref={form}>
        <label>
          Weight
          <input name="weight" type="number" min={0.000001} step="any" defaultValue={team.weight} required />
        </label>
        {fields.map(([name, title]) => (
          <label key={name}>
            {title}
            <input
              name={name}
              type="number"
              min={0}
              step="any"
              defaultValue={team.quota[name] ?? ""}
              placeholder="no limit"
            />
          </label>
        ))}
      </div>
    </Dialog>
  );
}
