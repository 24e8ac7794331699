import type { EvaluationResult, Run, SearchResult, TrainingResult } from "@espalier/contract";
import { mainMetrics } from "@espalier/contract/task-types";
import { Link } from "wouter";
import { Facts } from "../elements/facts.tsx";
import { bytes, duration, many, number } from "../elements/format.ts";
import { Frame } from "../elements/panel.tsx";
import { cells, Table } from "../elements/table.tsx";
import { ScoresByDepth } from "./scores-by-depth.tsx";

/** What a run that succeeded has found or made. */
export function ResultPanel({ run: { id, result } }: { run: Run }) {
  if (!result) return null;
  if ("lossByLayer" in result) return <SearchFacts id={id} result={result} />;
  if ("scores" in result) return <Evaluation result={result} />;
  if ("lastLoss" in result) return <TrainingFacts result={result} />;
  if ("modelId" in result && result.modelId !== undefined)
    return (
      <Frame title="Result">
        <Facts of={[modelFact(result.modelId)]} />
      </Frame>
    );
  return null;
}

const modelFact = (modelId: string) =>
  [
    "Model",
    <Link key="model" href={`/models/${modelId}`}>
      {modelId}
    </Link>,
  ] as const;

const SearchFacts = ({
  id,
  result: { rule = "l3prune", small, large, samples, chance },
}: {
  id: string;
  result: SearchResult;
}) => (
  <Frame title="Result" aside={<Link href={`/searches/${id}`}>Look at the depths</Link>}>
    <Facts
      of={[
        ["Rule", rule],
        ["Small", small === null ? "none" : `${small} layers`],
        ["Large", large === null ? "none" : `${large} layers`],
        ["Samples", samples.toLocaleString()],
        ["Loss by chance", chance === undefined ? undefined : number(chance)],
      ]}
    />
  </Frame>
);

const Evaluation = ({ result }: { result: EvaluationResult }) => (
  <>
    <Scores result={result} />
    {result.depths && <ScoresByDepth depths={result.depths} />}
  </>
);

const Scores = ({ result: { scores, tokensPerSecond, peakMemoryBytes } }: { result: EvaluationResult }) => (
  <Frame title="Result" aside={`${many(tokensPerSecond)} tokens/s, ${bytes(peakMemoryBytes)} at most`}>
    <Table
      label="Scores"
      columns={[
        "Dataset",
        "Metric",
        { name: "Score", number: true },
        { name: "Measured over", number: true },
      ]}
    >
      {scores.map(({ datasetId, name, task, score, units }) => (
        <tr key={datasetId}>
          <th scope="row">{name}</th>
          <td>{mainMetrics[task]}</td>
          <td className={cells.number}>{(100 * score).toFixed(2)}</td>
          <td className={cells.number}>{units.toLocaleString()}</td>
        </tr>
      ))}
    </Table>
  </Frame>
);

const TrainingFacts = ({ result }: { result: TrainingResult }) => (
  <Frame title="Result">
    <Facts
      of={[
        modelFact(result.modelId),
        ["Loss", `${number(result.firstLoss)} → ${number(result.lastLoss)}`],
        ["Steps", result.steps.toLocaleString()],
        ["Took", duration(1000 * result.seconds)],
        ["Tokens", `${many(result.tokens)}, ${many(result.tokensPerSecond)}/s`],
        ["Trained parameters", many(result.trainableParameters)],
        ["Memory", bytes(result.peakMemoryBytes)],
      ]}
    />
  </Frame>
);
