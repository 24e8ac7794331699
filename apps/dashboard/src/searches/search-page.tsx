import type { Run, SearchResult } from "@espalier/contract";
import { useState } from "react";
import { Link } from "wouter";
import { useResource } from "../api/use-resource.ts";
import { Command } from "../elements/command.tsx";
import { Empty } from "../elements/empty.tsx";
import { Page } from "../elements/page.tsx";
import { Frame, Loading } from "../elements/panel.tsx";
import { ProblemNote } from "../elements/problem-note.tsx";
import { ModelName } from "../models/model-name.tsx";
import { Curve } from "./curve.tsx";
import { DepthFacts } from "./depth-facts.tsx";
import { TrainHere } from "./train-here.tsx";
import { useEvaluations } from "./use-depth-plan.ts";
import classes from "./search-page.module.css";

/** What a search found: the loss at every depth, and what each depth would be. */
export function SearchPage({ params: { id } }: { params: { id: string } }) {
  const { data: run, error, refetch } = useResource<Run>(`runs/${id}`);
  if (!run)
    return (
      <Page title="Search">
        {error ? <ProblemNote error={error} retry={() => void refetch()} /> : <Loading rows={10} />}
      </Page>
    );
  const { result, spec } = run;
  if (!result || !("lossByLayer" in result) || result.lossByLayer.length === 0 || spec.kind !== "search")
    return (
      <Page title="Search">
        <Empty title="This search has no curve of losses by depth.">
          <Link href={`/runs/${id}`}>Look at its run</Link>
        </Empty>
      </Page>
    );
  return (
    <Page
      title="Search"
      lead={
        <p>
          of <ModelName of={spec.model} />, by <Link href={`/runs/${id}`}>its run</Link>, over{" "}
          {result.samples.toLocaleString()} samples
        </p>
      }
    >
      <Depths run={run} result={result} />
    </Page>
  );
}

function Depths({ run: { spec }, result }: { run: Run; result: SearchResult }) {
  const { lossByLayer, small, large } = result;
  const [depth, setDepth] = useState(large ?? small ?? lossByLayer.length);
  const modelId = "model" in spec && typeof spec.model === "string" ? spec.model : undefined;
  const triplets = "datasetId" in spec ? spec.datasetId : undefined;
  const evaluations = useEvaluations();
  const inputs = { modelId, triplets, evaluations };
  return (
    <>
      <Frame title="Contrastive loss by depth">
        <Curve result={result} depth={depth} choose={setDepth} />
        <label className={classes.slider}>
          <span>
            Keep <b>{depth}</b> of {lossByLayer.length} layers
          </span>
          <input
            type="range"
            min={1}
            max={lossByLayer.length}
            value={depth}
            onChange={({ target }) => setDepth(Number(target.value))}
          />
        </label>
      </Frame>
      <Frame title={`With ${depth} layers`} aside={<TrainHere inputs={inputs} depth={depth} />}>
        <DepthFacts inputs={inputs} result={result} depth={depth} />
        <div className={classes.next}>
          <p>The same by the command line:</p>
          <Command
            line={`espalier run submit prune --model ${modelId ?? "MODEL"} --keep ${depth} --name pruned-${depth}\nespalier run submit train --model pruned-${depth} --dataset ${triplets ?? "DATASET"} --name encoder-${depth}`}
          />
        </div>
      </Frame>
      {result.warnings.length > 0 && (
        <Frame title="What the search warns of">
          <ul className={classes.warnings}>
            {result.warnings.map((warning) => (
              <li key={warning}>{warning}</li>
            ))}
          </ul>
        </Frame>
      )}
    </>
  );
}
