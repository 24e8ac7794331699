import type { AuditEntry, Page as Pages } from "@espalier/contract";
import { useResource } from "../api/use-resource.ts";
import { Empty } from "../elements/empty.tsx";
import { Panel } from "../elements/panel.tsx";
import { cells, Table } from "../elements/table.tsx";
import { Ago } from "../elements/time.tsx";

/** Who has changed what of late; for admins. */
export function AuditPanel() {
  const query = useResource<Pages<AuditEntry>>("audit", { query: { limit: 30 } });
  return (
    <Panel title="Changes" query={query} rows={6} aside="the last 30">
      {({ items }) =>
        items.length === 0 ? (
          <Empty title="Nobody has changed anything yet." command="espalier audit" />
        ) : (
          <Table
            label="Changes"
            columns={[{ name: "When", number: true }, "Who", "What", "Of", "By the key"]}
          >
            {items.map((entry) => (
              <tr key={entry.id}>
                <td className={cells.number}>
                  <Ago at={entry.at} />
                </td>
                <th scope="row">{entry.by.user}</th>
                <td>{entry.action.replace(".", ": ")}</td>
                <td>
                  {entry.subject.id === undefined ? entry.subject.kind : <code>{entry.subject.id}</code>}
                </td>
                <td className={cells.quiet}>{entry.by.key?.name ?? "–"}</td>
              </tr>
            ))}
          </Table>
        )
      }
    </Panel>
  );
}
