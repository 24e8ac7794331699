import type { Run } from "@espalier/contract";
import { useMemo, useState } from "react";
import { Button } from "../elements/button.tsx";
import { Frame } from "../elements/panel.tsx";
import { cells, Table } from "../elements/table.tsx";
import { flatten } from "./settings.ts";

/** What was asked for; on demand with every default that it was submitted under. */
export function SettingsPanel({ run }: { run: Run }) {
  const [all, setAll] = useState(false);
  const [asked, whole] = useMemo(() => [flatten(run.spec), flatten(run.resolved ?? run.spec)], [run]);
  const shown = [...whole].filter(([name]) => all || asked.has(name));
  return (
    <Frame
      title="Settings"
      aside={
        <Button pressed={all} onPress={() => setAll(!all)}>
          With defaults
        </Button>
      }
    >
      <Table label="Settings" columns={["Setting", "Value", "From"]}>
        {shown.map(([name, value]) => (
          <tr key={name}>
            <th scope="row">
              <code>{name}</code>
            </th>
            <td className={cells.wide}>{value}</td>
            <td className={cells.quiet}>{asked.has(name) ? "the submission" : "default"}</td>
          </tr>
        ))}
      </Table>
    </Frame>
  );
}
