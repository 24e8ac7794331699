import type { Model, Page as Pages, Run } from "@espalier/contract";
import { Link } from "wouter";
import { addressOf } from "../api/request.ts";
import { useResource } from "../api/use-resource.ts";
import { StateBadge } from "../elements/badge.tsx";
import { Command } from "../elements/command.tsx";
import { Facts } from "../elements/facts.tsx";
import { bytes, many } from "../elements/format.ts";
import { Page } from "../elements/page.tsx";
import { Frame, Loading, Panel } from "../elements/panel.tsx";
import { ProblemNote } from "../elements/problem-note.tsx";
import { ProgressBar } from "../elements/progress-bar.tsx";
import { cells, Table } from "../elements/table.tsx";
import { Ago } from "../elements/time.tsx";
import { Lineage } from "./lineage.tsx";
import { ModelState } from "./models-page.tsx";
import classes from "./model-page.module.css";

/** A model: what it is, where it comes from and what was made of it, and its files. */
export function ModelPage({ params: { id } }: { params: { id: string } }) {
  const { data: model, error, refetch } = useResource<Model>(`models/${id}`);
  const models = useResource<Pages<Model>>("models", { query: { limit: 200 } });
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
      lead={
        <p className={classes.lead}>
          <ModelState state={model.state} /> <code>{model.id}</code>
        </p>
      }
    >
      {error && <ProblemNote error={error} retry={() => void refetch()} />}
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
            ["User", model.createdBy?.user],
            ["Made", <Ago key="made" at={model.createdAt} />],
          ]}
        />
      </Frame>
      <Panel title="Lineage" query={models} rows={3}>
        {({ items }) => <Lineage model={model} models={items} />}
      </Panel>
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

const Import = ({ run }: { run: Run }) => (
  <Frame title="Import" aside={<Link href={`/runs/${run.id}`}>Its run, with the log</Link>}>
    <p className={classes.import}>
      <StateBadge state={run.state} />
      <ProgressBar runId={run.id} progress={run.progress} />
      {run.progress && <span>{run.progress.phase}</span>}
      {run.problem && <span>{run.problem.detail}</span>}
    </p>
  </Frame>
);
