import type { Dataset, Page as Pages } from "@espalier/contract";
import { Link } from "wouter";
import { useResource } from "../api/use-resource.ts";
import { Empty } from "../elements/empty.tsx";
import { bytes } from "../elements/format.ts";
import { Page } from "../elements/page.tsx";
import { Panel } from "../elements/panel.tsx";
import { AddDialog } from "./add-dialog.tsx";
import { cells, Table } from "../elements/table.tsx";
import { Ago } from "../elements/time.tsx";

export function DatasetsPage() {
  const query = useResource<Pages<Dataset>>("datasets", { query: { limit: 200 } });
  return (
    <Page title="Data" actions={<AddDialog />}>
      <Panel query={query} rows={8}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty
              title="There are no datasets yet."
              command="espalier dataset add triplets.jsonl --kind triplets --name nli"
            >
              <p>Training needs triplets of texts; evaluation needs pairs of sentences with a score.</p>
              <AddDialog />
            </Empty>
          ) : (
            <Table
              label="Datasets"
              columns={[
                "Dataset",
                "Kind",
                { name: "Rows", number: true },
                { name: "Size", number: true },
                { name: "Repeated", number: true },
                "User",
                { name: "Made", number: true },
              ]}
            >
              {items.map(({ id, name, kind, rows, bytes: size, reading, createdBy, createdAt }) => (
                <tr key={id}>
                  <th scope="row">
                    <Link href={`/datasets/${id}`} className={cells.name}>
                      {name}
                    </Link>
                  </th>
                  <td>{kind}</td>
                  <td className={cells.number}>{rows.toLocaleString()}</td>
                  <td className={cells.number}>{bytes(size)}</td>
                  <td className={cells.number}>{reading ? reading.duplicates.toLocaleString() : "–"}</td>
                  <td>{createdBy?.user ?? "–"}</td>
                  <td className={cells.number}>
                    <Ago at={createdAt} />
                  </td>
                </tr>
              ))}
            </Table>
          )
        }
      </Panel>
    </Page>
  );
}
