import type { Model, Run, SearchResult } from "@espalier/contract";
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
import { depthCurveOf, type DepthCurve } from "./depth-curve.ts";
import { DepthFacts } from "./depth-facts.tsx";
import { PicksPanel } from "./picks-panel.tsx";
import { RuleCurves } from "./rule-curves.tsx";
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
  if (!result || !("lossByLayer" in result) || spec.kind !== "search")
    return (
      <Page title="Search">
        <Empty title="This run has found no depths.">
          <Link href={`/runs/${id}`}>Look at the run</Link>
        </Empty>
      </Page>
    );
  return (
    <Page
      title="Search"
      lead={
        <p>
          of <ModelName of={spec.model} /> by {result.rule ?? "l3prune"}, in{" "}
          <Link href={`/runs/${id}`}>its run</Link>
          {result.samples > 0 && `, over ${result.samples.toLocaleString()} samples`}
        </p>
      }
    >
      <Found run={run} result={result} />
    </Page>
  );
}

function Found({ run, result }: { run: Run; result: SearchResult }) {
  const { spec } = run;
  const modelId = "model" in spec && typeof spec.model === "string" ? spec.model : undefined;
  const { data: model } = useResource<Model>(`models/${modelId}`, { enabled: modelId !== undefined });
  const curve = depthCurveOf(result);
  const triplets = "datasetId" in spec ? spec.datasetId : undefined;
  const layers = model?.architecture?.layers ?? curve?.values.length;
  return (
    <>
      <PicksPanel result={result} layers={layers} />
      <RuleCurves result={result} />
      {curve && <Depths result={result} curve={curve} modelId={modelId} triplets={triplets} />}
      {!curve && <PruneToPick runId={run.id} modelId={modelId} />}
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

interface DepthsProps {
  result: SearchResult;
  curve: DepthCurve;
  modelId: string | undefined;
  triplets: string | undefined;
}

/** A curve over depths, and what the chosen depth would be. */
function Depths({ result, curve, modelId, triplets }: DepthsProps) {
  const { small, large } = result;
  const count = curve.values.length;
  const [depth, setDepth] = useState(large ?? small ?? count);
  const evaluations = useEvaluations();
  const inputs = { modelId, triplets, evaluations };
  return (
    <>
      <Frame title={curve.name === "Loss" ? "Contrastive loss by depth" : `${curve.name} by depth`}>
        <Curve result={result} depth={depth} choose={setDepth} />
        <label className={classes.slider}>
          <span>
            Keep <b>{depth}</b> of {count} layers
          </span>
          <input
            type="range"
            min={1}
            max={count}
            value={depth}
            onChange={({ target }) => setDepth(Number(target.value))}
          />
        </label>
      </Frame>
      <Frame title={`With ${depth} layers`} aside={<TrainHere inputs={inputs} depth={depth} />}>
        <DepthFacts inputs={inputs} result={result} curve={curve} depth={depth} />
        <div className={classes.next}>
          <p>The same by the command line:</p>
          <Command
            line={`espalier run submit prune --model ${modelId ?? "MODEL"} --keep ${depth} --name pruned-${depth}\nespalier run submit train --model pruned-${depth} --dataset ${triplets ?? "DATASET"} --name encoder-${depth}`}
          />
        </div>
      </Frame>
    </>
  );
}

const PruneToPick = ({ runId, modelId }: { runId: string; modelId: string | undefined }) => (
  <Frame title="Prune to a pick">
    <div className={classes.next}>
      <p>The layers that are kept need not be the first, so that a pruning takes the pick from here:</p>
      <Command
        line={`espalier run submit prune --model ${modelId ?? "MODEL"} --keep large@${runId} --name pruned-large`}
      />
    </div>
  </Frame>
);
