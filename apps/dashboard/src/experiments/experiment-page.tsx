import type { Experiment, Page as Pages, Plan, PlanRequest, Run } from "@espalier/contract";
import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { send } from "../api/request.ts";
import { useResource } from "../api/use-resource.ts";
import { StateBadge } from "../elements/badge.tsx";
import { percent } from "../elements/format.ts";
import { Button } from "../elements/button.tsx";
import { Page } from "../elements/page.tsx";
import { Frame, Loading, Panel } from "../elements/panel.tsx";
import { ProblemNote } from "../elements/problem-note.tsx";
import { ProgressBar } from "../elements/progress-bar.tsx";
import { cells, Table } from "../elements/table.tsx";
import { Ago, Took, useNow } from "../elements/time.tsx";
import { useAction } from "../elements/use-action.ts";
import { ModelName } from "../models/model-name.tsx";
import { isGuess } from "../runs/plan-basis.ts";
import { RunLink } from "../runs/run-link.tsx";
import { Curve } from "../searches/curve.tsx";
import { useMay } from "../session/use-me.ts";
import { ComparisonPanel } from "./comparison-panel.tsx";
import { doneOf, expectedEnd } from "./expected-end.ts";
import { Pareto } from "./pareto.tsx";
import { VariantTable } from "./variant-table.tsx";
import classes from "./experiment-page.module.css";

/** An experiment: how far it has come, its variants in order, what depth costs and gives, and its runs. */
export function ExperimentPage({ params: { id } }: { params: { id: string } }) {
  const query = useResource<Experiment>(`experiments/${id}`);
  const { data: experiment, error, refetch } = query;
  const runs = useResource<Pages<Run>>("runs", { query: { experimentId: id, limit: 200 } });
  if (!experiment || experiment.id !== id)
    return (
      <Page title="Experiment">
        {error ? <ProblemNote error={error} retry={() => void refetch()} /> : <Loading rows={10} />}
      </Page>
    );
  const measured = experiment.variants.filter(({ before, after }) => before ?? after);
  const search = runs.data?.items.find(({ kind }) => kind === "search");
  return (
    <Page
      title={experiment.name}
      query={query}
      lead={<Lead experiment={experiment} runs={runs.data?.items ?? []} />}
      actions={<Actions experiment={experiment} />}
    >
      <VariantTable experiment={experiment} runs={runs.data?.items ?? []} />
      {measured.length > 1 && <ComparisonPanel experiment={experiment} />}
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

/** How long runs like those of an experiment take; asked once, while it computes. */
function usePlan({ id, state, spec }: Experiment) {
  const may = useMay("member");
  return useQuery({
    queryKey: ["experiment-plan", id],
    queryFn: () => send<Plan>("POST", "plan", { experiment: spec } satisfies PlanRequest),
    enabled: state === "RUNNING" && may,
    staleTime: Infinity,
  });
}

/** In the order in which the experiment names them. */
const inOrder = (runs: readonly Run[], ids: readonly string[]): Run[] =>
  [...runs].sort((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id));

function Lead({ experiment, runs }: { experiment: Experiment; runs: readonly Run[] }) {
  const now = useNow();
  const ended = runs.filter(({ endedAt }) => endedAt !== undefined).length;
  const done = doneOf(runs, ({ progress }) =>
    progress && progress.total > 0 ? Math.min(1, progress.done / progress.total) : 0,
  );
  const runsWanted = experiment.runIds.length;
  const { data: plan } = usePlan(experiment);
  const end = experiment.state === "RUNNING" ? expectedEnd(runs, plan, now) : undefined;
  return (
    <p className={classes.lead}>
      <StateBadge state={experiment.state} />
      <ModelName of={experiment.spec.modelId} />
      <span className={classes.progress}>
        <progress max={Math.max(1, runsWanted)} value={done} aria-label="Progress of the experiment" />{" "}
        {percent(done / Math.max(1, runsWanted))}, {ended} of {runsWanted} runs ended
      </span>
      {end !== undefined && (
        <span>
          ends <Ago at={new Date(Math.round(end / 60_000) * 60_000).toISOString()} />
          {plan && isGuess(plan) && " by a guess"}
        </span>
      )}
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
