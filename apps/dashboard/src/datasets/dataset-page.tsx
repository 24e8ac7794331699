import type { Dataset, DatasetRows } from "@espalier/contract";
import { useResource } from "../api/use-resource.ts";
import { Facts } from "../elements/facts.tsx";
import { bytes } from "../elements/format.ts";
import { Page } from "../elements/page.tsx";
import { Frame, Loading, Panel } from "../elements/panel.tsx";
import { ProblemNote } from "../elements/problem-note.tsx";
import { cells, Table } from "../elements/table.tsx";
import { Ago } from "../elements/time.tsx";
import { ErrorsPanel } from "./errors-panel.tsx";
import classes from "./dataset-page.module.css";

const mostRows = 20;

/** A dataset: what was noticed when it was read, and its first rows. */
export function DatasetPage({ params: { id } }: { params: { id: string } }) {
  const query = useResource<Dataset>(`datasets/${id}`);
  const { data: dataset, error, refetch } = query;
  if (!dataset || dataset.id !== id)
    return (
      <Page title="Dataset">
        {error ? <ProblemNote error={error} retry={() => void refetch()} /> : <Loading rows={8} />}
      </Page>
    );
  const { reading } = dataset;
  return (
    <Page title={dataset.name} query={query} lead={<p>{dataset.kind}</p>}>
      <Frame title="What it is">
        <Facts
          of={[
            ["Rows", dataset.rows.toLocaleString()],
            ["Size", bytes(dataset.bytes)],
            ["User", dataset.createdBy?.user],
            ["Made", <Ago key="made" at={dataset.createdAt} />],
            ["Repeated rows", reading?.duplicates.toLocaleString()],
            ["Blank lines", reading?.blankLines.toLocaleString()],
            [
              "Ignored fields",
              reading?.ignored
                .map(({ name, rows }) => `${name || "a column without a name"} (${rows.toLocaleString()})`)
                .join(", "),
            ],
            ["SHA-256", <code key="sha">{dataset.sha256}</code>],
          ]}
        />
      </Frame>
      {reading?.errors !== undefined && reading.errors > 0 && <ErrorsPanel datasetId={id} />}
      <Rows datasetId={id} />
    </Page>
  );
}

function Rows({ datasetId }: { datasetId: string }) {
  const query = useResource<DatasetRows>(`datasets/${datasetId}/rows`, { query: { limit: mostRows } });
  return (
    <Panel title="First rows" query={query} rows={8}>
      {({ items, more }) => {
        const names = [...new Set(items.flatMap((row) => Object.keys(row)))];
        return (
          <>
            <Table label="First rows" columns={["Row", ...names]}>
              {items.map((row, i) => (
                <tr key={i}>
                  <td className={cells.quiet}>{i + 1}</td>
                  {names.map((name) => (
                    <td key={name} className={cells.wide}>
                      {cellOf((row as Record<string, unknown>)[name])}
                    </td>
                  ))}
                </tr>
              ))}
            </Table>
            {more && <p className={classes.more}>There are others after these.</p>}
          </>
        );
      }}
    </Panel>
  );
}

const cellOf = (value: unknown): string =>
  typeof value === "string"
    ? value
    : Array.isArray(value)
      ? value.join(" · ")
      : value === undefined
        ? ""
        : JSON.stringify(value);
