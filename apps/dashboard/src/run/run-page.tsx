import type { Run } from "@espalier/contract";
import { Link } from "wouter";
import { useResource } from "../api/use-resource.ts";
import { StateBadge } from "../elements/badge.tsx";
import { Facts } from "../elements/facts.tsx";
import { bytes } from "../elements/format.ts";
import { Page } from "../elements/page.tsx";
import { Frame, Loading } from "../elements/panel.tsx";
import { ProblemNote } from "../elements/problem-note.tsx";
import { ProgressBar } from "../elements/progress-bar.tsx";
import { WhatToDo } from "../elements/what-to-do.tsx";
import { Ago, Took, useNow } from "../elements/time.tsx";
import { ModelName } from "../models/model-name.tsx";
import { RunActions } from "../runs/run-actions.tsx";
import { RunText } from "../runs/run-text.tsx";
import { endOf, titleOf } from "../runs/title.ts";
import { ArtifactsPanel } from "./artifacts-panel.tsx";
import { ChartsPanel } from "./charts-panel.tsx";
import { LogPanel } from "./log-panel.tsx";
import { RepeatPanel } from "./repeat-panel.tsx";
import { ResultPanel } from "./result-panel.tsx";
import { SettingsPanel } from "./settings-panel.tsx";
import { Timeline } from "./timeline.tsx";
import classes from "./run-page.module.css";

const endedStates = ["SUCCEEDED", "FAILED", "CANCELLED", "SKIPPED", "QUARANTINED"];

/** A run: what it is and why it is so, then its log, then what it measured and made. */
export function RunPage({ params: { id } }: { params: { id: string } }) {
  const query = useResource<Run>(`runs/${id}`);
  const { data: run, error, refetch } = query;
  if (!run || run.id !== id)
    return (
      <Page title="Run">
        {error ? <ProblemNote error={error} retry={() => void refetch()} /> : <Loading rows={10} />}
      </Page>
    );
  const live = !endedStates.includes(run.state);
  return (
    <Page
      title={titleOf(run)}
      query={query}
      lead={<Lead run={run} />}
      actions={<RunActions run={{ ...run, held: run.held !== undefined }} />}
    >
      {run.problem && <Failure run={run} />}
      {run.waiting && run.state !== "RUNNING" && (
        <p className={classes.waiting}>
          <RunText text={run.waiting.detail} />
        </p>
      )}
      <About run={run} />
      <div className={classes.columns}>
        <Timeline run={run} />
        <LogPanel runId={id} live={live} />
      </div>
      <ResultPanel run={run} />
      <ChartsPanel run={run} live={run.state === "RUNNING"} />
      <div className={classes.columns}>
        <SettingsPanel run={run} />
        <ArtifactsPanel runId={id} />
      </div>
      <RepeatPanel run={run} />
    </Page>
  );
}

function Lead({ run }: { run: Run }) {
  const end = endOf(run, useNow());
  return (
    <p className={classes.lead}>
      <StateBadge state={run.state} />
      {run.state === "RUNNING" && <ProgressBar runId={run.id} progress={run.progress} />}
      {run.state === "RUNNING" && end !== undefined && (
        <span>
          ends <Ago at={new Date(end).toISOString()} />
        </span>
      )}
      {run.cancelledBy && <span>cancelled by {run.cancelledBy.user}</span>}
      <code>{run.id}</code>
    </p>
  );
}

const Failure = ({ run: { problem, failure } }: { run: Run }) =>
  problem && (
    <section aria-label="Why it ended" className={classes.failure}>
      <p>
        <strong>{problem.title}</strong> <code>{problem.code}</code>
      </p>
      <p>{problem.detail}</p>
      <p>
        <WhatToDo code={problem.code} />
      </p>
      {failure !== undefined && (
        <p className={classes.quiet}>Its class is {failure}; docs/errors.md says what follows from it.</p>
      )}
    </section>
  );

const About = ({ run }: { run: Run }) => (
  <Frame>
    <div className={classes.about}>
      <Facts
        of={[
          ["Kind", run.kind],
          ["Model", "model" in run.spec ? <ModelName key="model" of={run.spec.model} /> : undefined],
          [
            "Experiment",
            run.experimentId && (
              <Link key="experiment" href={`/experiments/${run.experimentId}`}>
                {run.variant ?? "its experiment"}
              </Link>
            ),
          ],
          ["Repeats", run.clonedFrom && <RunText key="repeats" text={run.clonedFrom} />],
          ["User", run.createdBy?.user],
          ["Class", run.priority === 0 ? run.class : `${run.class}, priority ${run.priority}`],
          ["Made", <Ago key="made" at={run.createdAt} />],
          ["Took", run.startedAt && <Took key="took" from={run.startedAt} to={run.endedAt} />],
          ["Attempts", run.attempt || undefined],
          ["Worker", run.worker && `${run.worker.name} on ${run.worker.host}`],
          ["Computed by", computedBy(run)],
          ["Memory, predicted", run.predictedBytes && bytes(run.predictedBytes)],
        ]}
      />
    </div>
  </Frame>
);

/** The engine in its precision, and where it computed. */
function computedBy({ result }: Run): string | undefined {
  if (!result || !("computedOn" in result) || !result.computedOn) return undefined;
  const { engine, precision, devices } = result.computedOn;
  return `${engine} in ${precision}${devices.length > 0 ? ` on ${devices.join(", ")}` : ""}`;
}
