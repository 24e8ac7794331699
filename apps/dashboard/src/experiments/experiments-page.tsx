import type { Experiment, Page as Pages } from "@espalier/contract";
import { Link } from "wouter";
import { useResource } from "../api/use-resource.ts";
import { StateBadge } from "../elements/badge.tsx";
import { Empty } from "../elements/empty.tsx";
import { Page } from "../elements/page.tsx";
import { Panel } from "../elements/panel.tsx";
import { NewDialog } from "./new-dialog.tsx";
import { cells, Table } from "../elements/table.tsx";
import { Ago, Took } from "../elements/time.tsx";
import { ModelName } from "../models/model-name.tsx";

export function ExperimentsPage() {
  const query = useResource<Pages<Experiment>>("experiments", { query: { limit: 100 } });
  return (
    <Page title="Experiments" actions={<NewDialog />}>
      <Panel query={query} rows={8}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty
              title="There are no experiments yet."
              command="espalier experiment submit --name first --model MODEL --triplets DATASET --sts DATASET --watch"
            >
              <p>
                One finds the depths of a model worth keeping, trains them, and measures them before and
                after.
              </p>
              <NewDialog />
            </Empty>
          ) : (
            <Table
              label="Experiments"
              columns={[
                "Experiment",
                "State",
                "Model",
                "Variants",
                "User",
                { name: "Took", number: true },
                { name: "Made", number: true },
              ]}
            >
              {items.map((experiment) => (
                <tr key={experiment.id}>
                  <th scope="row">
                    <Link href={`/experiments/${experiment.id}`} className={cells.name}>
                      {experiment.name}
                    </Link>
                  </th>
                  <td>
                    <StateBadge state={experiment.state} />
                  </td>
                  <td>
                    <ModelName of={experiment.spec.modelId} />
                  </td>
                  <td>{experiment.variants.map(({ name }) => name).join(", ")}</td>
                  <td>{experiment.createdBy?.user ?? "–"}</td>
                  <td className={cells.number}>
                    <Took from={experiment.createdAt} to={experiment.endedAt} />
                  </td>
                  <td className={cells.number}>
                    <Ago at={experiment.createdAt} />
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
