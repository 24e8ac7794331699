import type { Experiment, Page as Pages, Run } from "@espalier/contract";
import { Link } from "wouter";
import { useResource } from "../api/use-resource.ts";
import { StateBadge } from "../elements/badge.tsx";
import { Button } from "../elements/button.tsx";
import { Page } from "../elements/page.tsx";
import { Frame, Loading, Panel } from "../elements/panel.tsx";
import { ProblemNote } from "../elements/problem-note.tsx";
import { ProgressBar } from "../elements/progress-bar.tsx";
import { cells, Table } from "../elements/table.tsx";
import { Ago, Took } from "../elements/time.tsx";
import { useAction } from "../elements/use-action.ts";
import { ModelName } from "../models/model-name.tsx";
import { RunLink } from "../runs/run-link.tsx";
import { Curve } from "../searches/curve.tsx";
import { useMay } from "../session/use-me.ts";
import { Pareto } from "./pareto.tsx";
import { VariantTable } from "./variant-table.tsx";
import classes from "./experiment-page.module.css";

/** An experiment: how far it has come, its variants in order, what depth costs and gives, and its runs. */
export function ExperimentPage({ params: { id } }: { params: { id: string } }) {
  const { data: experiment, error, refetch } = useResource<Experiment>(`experiments/${id}`);
  const runs = useResource<Pages<Run>>("runs", { query: { experimentId: id, limit: 200 } });
  if (!experiment || experiment.id !== id)
    return (
      <Page title="Experiment">
        {error ? <ProblemNote error={error} retry={() => void refetch()} /> : <Loading rows={10} />}
      </Page>
    );
  const search = runs.data?.items.find(({ kind }) => kind === "search");
  return (
    <Page
      title={experiment.name}
      lead={<Lead experiment={experiment} runs={runs.data?.items ?? []} />}
      actions={<Actions experiment={experiment} />}
    >
      {error && <ProblemNote error={error} retry={() => void refetch()} />}
      <VariantTable experiment={experiment} runs={runs.data?.items ?? []} />
      <div className={classes.columns}>
        {experiment.search && (
          <Frame title="Search" aside={search && <Link href={`/searches/${search.id}`}>Try depths</Link>}>
            <Curve
              result={experiment.search}
              depth={experiment.search.large ?? experiment.search.small ?? 1}
            />
          </Frame>
        )}
        <Pareto experiment={experiment} />
      </div>
      <Panel
        title="Runs"
        query={runs}
        rows={6}
        aside={<Link href={`/runs?experimentId=${id}`}>In the list of runs</Link>}
      >
        {({ items }) => (
          <Table
            label="Runs of the experiment"
            columns={["Run", "State", "Progress", "Worker", { name: "Took", number: true }, "Why"]}
          >
            {inOrder(items, experiment.runIds).map((run) => (
              <tr key={run.id}>
                <th scope="row">
                  <RunLink run={run} />
                </th>
                <td>
                  <StateBadge state={run.state} />
                </td>
                <td>
                  {run.state === "RUNNING" ? <ProgressBar runId={run.id} progress={run.progress} /> : "–"}
                </td>
                <td>{run.worker?.name ?? "–"}</td>
                <td className={cells.number}>
                  {run.startedAt === undefined ? "–" : <Took from={run.startedAt} to={run.endedAt} />}
                </td>
                <td className={cells.wide}>
                  {run.problem?.detail ?? (run.state === "QUEUED" ? run.waiting?.detail : "")}
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Panel>
    </Page>
  );
}

/** In the order in which the experiment names them. */
const inOrder = (runs: readonly Run[], ids: readonly string[]): Run[] =>
  [...runs].sort((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id));

function Lead({ experiment, runs }: { experiment: Experiment; runs: readonly Run[] }) {
  const ended = runs.filter(({ state }) => state === "SUCCEEDED").length;
  return (
    <p className={classes.lead}>
      <StateBadge state={experiment.state} />
      <ModelName of={experiment.spec.modelId} />
      <span className={classes.progress}>
        <progress
          max={Math.max(1, experiment.runIds.length)}
          value={ended}
          aria-label="Runs that have succeeded"
        />{" "}
        {ended} of {experiment.runIds.length} runs
      </span>
      <span>
        made <Ago at={experiment.createdAt} />
        {experiment.createdBy && ` by ${experiment.createdBy.user}`}
      </span>
    </p>
  );
}

function Actions({ experiment: { id, state } }: { experiment: Experiment }) {
  const action = useAction();
  if (!useMay("member")) return null;
  const act = (verb: string): void => action.mutate({ verb: "POST", path: `experiments/${id}/${verb}` });
  return (
    <>
      {state === "RUNNING" && (
        <Button look="danger" disabled={action.isPending} onPress={() => act("cancel")}>
          Cancel
        </Button>
      )}
      {(state === "FAILED" || state === "CANCELLED") && (
        <Button look="strong" disabled={action.isPending} onPress={() => act("retry")}>
          Retry what failed
        </Button>
      )}
      {action.error && <ProblemNote error={action.error} />}
    </>
  );
}
