import type { Model, Promotion as ModelPromotion, Run } from "@espalier/contract";
import { Link } from "wouter";
import { addressOf } from "../api/request.ts";
import { useResource } from "../api/use-resource.ts";
import { StateBadge } from "../elements/badge.tsx";
import { Command } from "../elements/command.tsx";
import { Facts } from "../elements/facts.tsx";
import { bytes, many } from "../elements/format.ts";
import { Page } from "../elements/page.tsx";
import { Frame, Loading } from "../elements/panel.tsx";
import { ProblemNote } from "../elements/problem-note.tsx";
import { countedOf, ProgressBar } from "../elements/progress-bar.tsx";
import { useProgress } from "../live/use-live.ts";
import { cells, Table } from "../elements/table.tsx";
import { Ago } from "../elements/time.tsx";
import { ExportDialog } from "./export-dialog.tsx";
import { Lineage } from "./lineage.tsx";
import { ModelState, Promoted } from "./models-page.tsx";
import classes from "./model-page.module.css";

/** A model: what it is, where it comes from and what was made of it, and its files. */
export function ModelPage({ params: { id } }: { params: { id: string } }) {
  const query = useResource<Model>(`models/${id}`);
  const { data: model, error, refetch } = query;
  const made = useResource<Run>(`runs/${model?.runId}`, { enabled: model?.runId !== undefined });
  if (!model || model.id !== id)
    return (
      <Page title="Model">
        {error ? <ProblemNote error={error} retry={() => void refetch()} /> : <Loading rows={8} />}
      </Page>
    );
  const { architecture, source } = model;
  return (
    <Page
      title={model.name}
      query={query}
      lead={
        <p className={classes.lead}>
          <ModelState state={model.state} /> {model.promotion && <Promoted />} <code>{model.id}</code>
        </p>
      }
      actions={model.state === "READY" && <ExportDialog model={model} />}
    >
      {model.state === "IMPORTING" && made.data && <Import run={made.data} />}
      <Frame title="What it is">
        <Facts
          of={[
            ["Architecture", architecture?.type],
            ["Layers", architecture?.layers],
            ["Hidden size", architecture?.hiddenSize],
            ["Vocabulary", architecture?.vocabularySize.toLocaleString()],
            ["Parameters", architecture && many(architecture.parameters)],
            ["Weights", architecture?.dtype],
            ["Size", bytes(model.bytes)],
            [
              "From",
              source && `hf:${source.hub}${source.revision === undefined ? "" : `@${source.revision}`}`,
            ],
            ["Commit", source?.commit],
            ["Promoted", model.promotion && <Promotion key="promotion" of={model.promotion} />],
            ["User", model.createdBy?.user],
            ["Made", <Ago key="made" at={model.createdAt} />],
          ]}
        />
      </Frame>
      <Lineage modelId={id} />
      <Frame title="Use it">
        <div className={classes.use}>
          <Command line={`espalier export ${model.name} --format all --out ${model.name}/`} />
        </div>
      </Frame>
      <Frame title="Files">
        <Table label="Files" columns={["Name", { name: "Size", number: true }]}>
          {model.files.map(({ name, artifactId, bytes: size }) => (
            <tr key={name}>
              <th scope="row">
                <a href={addressOf(`artifacts/${artifactId}/content`)} download>
                  {name}
                </a>
              </th>
              <td className={cells.number}>{bytes(size)}</td>
            </tr>
          ))}
        </Table>
      </Frame>
    </Page>
  );
}

const Promotion = ({ of: { experimentId, variant, when, delta, at, by } }: { of: ModelPromotion }) => (
  <>
    as {variant} of <Link href={`/experiments/${experimentId}`}>its experiment</Link>, at{" "}
    {(100 * delta).toFixed(2)} points by {when}, <Ago at={at} />
    {by && ` by ${by.user}`}
  </>
);

const Import = ({ run }: { run: Run }) => (
  <Frame title="Import" aside={<Link href={`/runs/${run.id}`}>Its run, with the log</Link>}>
    <p className={classes.import}>
      <StateBadge state={run.state} />
      <ProgressBar runId={run.id} progress={run.progress} />
      <Counted run={run} />
      {run.problem && (
        <span className={classes.failure}>
          {run.problem.detail} <code>{run.problem.code}</code>
        </span>
      )}
    </p>
  </Frame>
);

/** What an import is doing, and how much of it is done, as it is told. */
function Counted({ run }: { run: Run }) {
  const progress = useProgress(run.id, run.progress);
  if (!progress) return null;
  return (
    <span>
      {progress.phase}: {countedOf(progress)}
    </span>
  );
}
