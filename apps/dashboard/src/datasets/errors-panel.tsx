import type { DatasetErrors } from "@espalier/contract";
import { useState } from "react";
import { useResource } from "../api/use-resource.ts";
import { Button } from "../elements/button.tsx";
import { Panel } from "../elements/panel.tsx";
import { cells, Table } from "../elements/table.tsx";

const pageSize = 50;

/** The lines of a dataset's file that could not be read and were left out, each with what is wrong with it. */
export function ErrorsPanel({ datasetId }: { datasetId: string }) {
  const query = useResource<DatasetErrors>(`datasets/${datasetId}/errors`);
  const [page, setPage] = useState(0);
  const { items = [], total = 0 } = query.data ?? {};
  const pages = Math.ceil(items.length / pageSize);
  return (
    <Panel
      title="Lines that were left out"
      query={query}
      rows={4}
      aside={
        <>
          {total.toLocaleString()}
          {total > items.length && `, of which ${items.length.toLocaleString()} were kept`}
          {pages > 1 && (
            <>
              <Button
                look="bare"
                disabled={page === 0}
                onPress={() => setPage(page - 1)}
                label="Lines before"
              >
                ‹
              </Button>
              {page + 1} of {pages}
              <Button
                look="bare"
                disabled={page === pages - 1}
                onPress={() => setPage(page + 1)}
                label="Next lines"
              >
                ›
              </Button>
            </>
          )}
        </>
      }
    >
      {() => (
        <Table label="Lines that were left out" columns={[{ name: "Line", number: true }, "What is wrong"]}>
          {items.slice(page * pageSize, (page + 1) * pageSize).map(({ line, detail }, i) => (
            <tr key={`${line} ${i}`}>
              <td className={cells.number}>{line?.toLocaleString() ?? "–"}</td>
              <td className={cells.wide}>{detail}</td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
}
