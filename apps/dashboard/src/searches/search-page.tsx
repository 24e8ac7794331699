import type { Model, Run, SearchResult } from "@espalier/contract";
import { useState } from "react";
import { Link } from "wouter";
import { useResource } from "../api/use-resource.ts";
import { Command } from "../elements/command.tsx";
import { Empty } from "../elements/empty.tsx";
import { Facts } from "../elements/facts.tsx";
import { bytes, many, number, percent } from "../elements/format.ts";
import { Page } from "../elements/page.tsx";
import { Frame, Loading } from "../elements/panel.tsx";
import { ProblemNote } from "../elements/problem-note.tsx";
import { ModelName } from "../models/model-name.tsx";
import { Curve } from "./curve.tsx";
import { surenessOf } from "./sureness.ts";
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
        <Empty title="This search has not found anything yet.">
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

function Depths({ run: { id, spec }, result }: { run: Run; result: SearchResult }) {
  const { lossByLayer, small, large } = result;
  const [depth, setDepth] = useState(large ?? small ?? lossByLayer.length);
  const modelId = "model" in spec && typeof spec.model === "string" ? spec.model : undefined;
  const { data: model } = useResource<Model>(`models/${modelId}`, { enabled: modelId !== undefined });
  const sureness = surenessOf(result);
  const size = sizeAt(model, depth);
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
      <Frame title={`With ${depth} layers`}>
        <Facts
          of={[
            ["Loss", lossOf(result, depth)],
            ["Drops", percent(1 - depth / lossByLayer.length)],
            ["Parameters", size && many(size.parameters)],
            ["Size", size && bytes(size.bytes)],
            ["Speed, about", `${(lossByLayer.length / depth).toFixed(1)} × of all layers`],
            [
              "Pick",
              depth === small
                ? "small: the least of the first half"
                : depth === large
                  ? "large: the least of the second half"
                  : "none",
            ],
            [
              "Sureness",
              sureness[depth - 1]! >= 0.005
                ? `${percent(sureness[depth - 1]!)}: so often it is the least of its half, drawn again within the errors`
                : "hardly ever the least of its half",
            ],
          ]}
        />
        <div className={classes.next}>
          <p>Prune and train here:</p>
          <Command
            line={`espalier run submit prune --model ${modelId ?? "MODEL"} --keep ${depth} --name pruned-${depth}\nespalier run submit train --model pruned-${depth} --dataset ${"datasetId" in spec ? spec.datasetId : "DATASET"} --name encoder-${depth}`}
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
      <p className={classes.quiet}>
        <Link href={`/runs/${id}`}>All of the run</Link>
      </p>
    </>
  );
}

function lossOf({ lossByLayer, standardErrorByLayer }: SearchResult, depth: number): string {
  const [loss, error] = [lossByLayer[depth - 1], standardErrorByLayer[depth - 1]];
  if (typeof loss !== "number") return "not finite";
  return typeof error === "number" ? `${number(loss)} ± ${number(error)}` : number(loss);
}

const bytesOf: Readonly<Record<string, number>> = { F32: 4, BF16: 2, F16: 2, F64: 8 };

/** What is left of a model with so many of its layers: the table of embeddings, and each layer as large as the others. */
function sizeAt(model: Model | undefined, depth: number): { parameters: number; bytes: number } | undefined {
  const { architecture } = model ?? {};
  if (!architecture) return undefined;
  const { parameters, layers, vocabularySize, hiddenSize, dtype } = architecture;
  const perLayer = Math.max(0, parameters - vocabularySize * hiddenSize) / layers;
  const kept = Math.round(parameters - perLayer * Math.max(0, layers - depth));
  return { parameters: kept, bytes: kept * (bytesOf[dtype] ?? 4) };
}
