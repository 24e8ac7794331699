import type { Model, Page as Pages } from "@espalier/contract";
import { Link } from "wouter";
import { useResource } from "../api/use-resource.ts";
import { Badge } from "../elements/badge.tsx";
import { Empty } from "../elements/empty.tsx";
import { bytes, many } from "../elements/format.ts";
import { Page } from "../elements/page.tsx";
import { Panel } from "../elements/panel.tsx";
import { ImportDialog } from "./import-dialog.tsx";
import { cells, Table } from "../elements/table.tsx";
import { Ago } from "../elements/time.tsx";

export function ModelsPage() {
  const query = useResource<Pages<Model>>("models", { query: { limit: 200 } });
  return (
    <Page title="Models" actions={<ImportDialog />}>
      <Panel query={query} rows={8}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty
              title="There are no models yet."
              command="espalier model import hf:HuggingFaceTB/SmolLM2-135M --name smollm2"
            >
              <p>A model comes from the hub, or by the command line from a folder of yours.</p>
              <ImportDialog />
            </Empty>
          ) : (
            <Table
              label="Models"
              columns={[
                "Model",
                "State",
                "Architecture",
                { name: "Layers", number: true },
                { name: "Parameters", number: true },
                { name: "Size", number: true },
                "From",
                { name: "Made", number: true },
              ]}
            >
              {items.map((model) => (
                <tr key={model.id}>
                  <th scope="row">
                    <Link href={`/models/${model.id}`} className={cells.name}>
                      {model.name}
                    </Link>
                  </th>
                  <td>
                    <ModelState state={model.state} /> {model.promotion && <Promoted />}
                  </td>
                  <td>{model.architecture?.type ?? "–"}</td>
                  <td className={cells.number}>{model.architecture?.layers ?? "–"}</td>
                  <td className={cells.number}>
                    {model.architecture ? many(model.architecture.parameters) : "–"}
                  </td>
                  <td className={cells.number}>{model.bytes === 0 ? "–" : bytes(model.bytes)}</td>
                  <td>
                    {model.source ? (
                      `hf:${model.source.hub}`
                    ) : model.runId === undefined ? (
                      "an upload"
                    ) : (
                      <Link href={`/runs/${model.runId}`}>its run</Link>
                    )}
                  </td>
                  <td className={cells.number}>
                    <Ago at={model.createdAt} />
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

/** An experiment has marked it as the one to ship. */
export const Promoted = () => (
  <Badge tone="accent" icon="up">
    promoted
  </Badge>
);

export const ModelState = ({ state }: { state: Model["state"] }) =>
  state === "READY" ? (
    <Badge tone="good" icon="check">
      ready
    </Badge>
  ) : (
    <Badge tone="accent" icon="play">
      importing
    </Badge>
  );
