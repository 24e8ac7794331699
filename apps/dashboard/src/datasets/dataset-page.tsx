import type { Dataset } from "@espalier/contract";
import { useQuery } from "@tanstack/react-query";
import { request } from "../api/request.ts";
import { useResource } from "../api/use-resource.ts";
import { Facts } from "../elements/facts.tsx";
import { bytes } from "../elements/format.ts";
import { Page } from "../elements/page.tsx";
import { Frame, Loading, Panel } from "../elements/panel.tsx";
import { ProblemNote } from "../elements/problem-note.tsx";
import { cells, Table } from "../elements/table.tsx";
import { Ago } from "../elements/time.tsx";

/** Of a dataset's file so much is read to show its first rows. */
const firstBytes = 32_000;
const mostRows = 20;

/** A dataset: what was noticed when it was read, and its first rows. */
export function DatasetPage({ params: { id } }: { params: { id: string } }) {
  const { data: dataset, error, refetch } = useResource<Dataset>(`datasets/${id}`);
  if (!dataset || dataset.id !== id)
    return (
      <Page title="Dataset">
        {error ? <ProblemNote error={error} retry={() => void refetch()} /> : <Loading rows={8} />}
      </Page>
    );
  const { reading } = dataset;
  return (
    <Page title={dataset.name} lead={<p>{dataset.kind}</p>}>
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
              reading?.ignored.map(({ name, rows }) => `${name} (${rows.toLocaleString()})`).join(", "),
            ],
            ["SHA-256", <code key="sha">{dataset.sha256}</code>],
          ]}
        />
      </Frame>
      <Rows artifactId={dataset.artifactId} />
    </Page>
  );
}

function Rows({ artifactId }: { artifactId: string }) {
  const query = useQuery({
    queryKey: ["artifacts", artifactId, "first"],
    queryFn: () => firstRows(artifactId),
    staleTime: Infinity,
  });
  return (
    <Panel title="First rows" query={query} rows={8}>
      {(rows) => {
        const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
        return (
          <Table label="First rows" columns={names}>
            {rows.map((row, i) => (
              <tr key={i}>
                {names.map((name) => (
                  <td key={name} className={cells.wide}>
                    {cellOf(row[name])}
                  </td>
                ))}
              </tr>
            ))}
          </Table>
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

/** The rows that are whole in the first bytes of a dataset's file, which has a JSON object on each line. */
async function firstRows(artifactId: string): Promise<Record<string, unknown>[]> {
  const text = await (
    await request("GET", `artifacts/${artifactId}/content`, {
      headers: { range: `bytes=0-${firstBytes - 1}` },
    })
  ).text();
  return text
    .split("\n")
    .slice(0, mostRows)
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as Record<string, unknown>];
      } catch {
        // The last one was cut.
        return [];
      }
    });
}
