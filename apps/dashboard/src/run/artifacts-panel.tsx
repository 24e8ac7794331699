import type { Artifact } from "@espalier/contract";
import { addressOf } from "../api/request.ts";
import { useResource } from "../api/use-resource.ts";
import { bytes } from "../elements/format.ts";
import { Panel } from "../elements/panel.tsx";
import { cells, Table } from "../elements/table.tsx";
import classes from "./run-page.module.css";

/** The files that a run made, to be downloaded. */
export function ArtifactsPanel({ runId }: { runId: string }) {
  const query = useResource<{ items: Artifact[] }>(`runs/${runId}/artifacts`);
  return (
    <Panel title="Artifacts" query={query} rows={2}>
      {({ items }) =>
        items.length === 0 ? (
          <p className={classes.none}>It has made no files yet.</p>
        ) : (
          <Table label="Artifacts" columns={["Name", "Kind", { name: "Size", number: true }, "SHA-256"]}>
            {items.map(({ id, name, kind, bytes: size, sha256 }) => (
              <tr key={id}>
                <th scope="row">
                  <a href={addressOf(`artifacts/${id}/content`)} download>
                    {name}
                  </a>
                </th>
                <td>{kind}</td>
                <td className={cells.number}>{bytes(size)}</td>
                <td>
                  <code title={sha256}>{sha256.slice(0, 12)}</code>
                </td>
              </tr>
            ))}
          </Table>
        )
      }
    </Panel>
  );
}
