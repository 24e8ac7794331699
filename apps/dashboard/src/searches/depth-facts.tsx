import type { Model, Plan, SearchResult } from "@espalier/contract";
import { Link } from "wouter";
import { useResource } from "../api/use-resource.ts";
import { Facts } from "../elements/facts.tsx";
import { bytes, duration, many, number, percent, points } from "../elements/format.ts";
import type { DepthCurve } from "./depth-curve.ts";
import { shareAt } from "./picks.ts";
import { useDepthPlan, useKnownScores, type DepthInputs } from "./use-depth-plan.ts";
import classes from "./search-page.module.css";

/** What a model would be at a depth: its loss, its size, what training it takes, how fast it is, and what is known of its score. */
export function DepthFacts({
  inputs,
  result,
  curve,
  depth,
}: {
  inputs: DepthInputs;
  result: SearchResult;
  curve: DepthCurve;
  depth: number;
}) {
  const { small, large } = result;
  const count = curve.values.length;
  const { modelId } = inputs;
  const { data: model } = useResource<Model>(`models/${modelId}`, { enabled: modelId !== undefined });
  const plan = useDepthPlan(inputs, depth);
  const scores = useKnownScores(modelId, depth);
  const size = sizeAt(model, depth);
  const share = shareAt(result, depth);
  return (
    <>
      <Facts
        of={[
          [curve.name, valueAt(curve, depth)],
          ["Drops", percent(1 - depth / count)],
          ["Parameters", size && many(size.parameters)],
          ["Size", size && bytes(size.bytes)],
          ["Embeds, about", `${(count / depth).toFixed(1)} × as fast as all layers`],
          ...(plan.isLoading
            ? ([
                ["Memory to train", "…"],
                ["Time to train", "…"],
              ] as const)
            : trainingFacts(plan.data)),
          [
            "Score",
            scores.length === 0 ? (
              "not measured"
            ) : (
              <span key="score">
                {scores.map(({ experiment: { id, name }, before, after }, i) => (
                  <span key={`${id} ${i}`}>
                    {i > 0 && "; "}
                    {pointsOf(before)} → {pointsOf(after)} in <Link href={`/experiments/${id}`}>{name}</Link>
                  </span>
                ))}
              </span>
            ),
          ],
          [
            "Pick",
            depth === small
              ? "small: the best of the first half"
              : depth === large
                ? "large: the best of the second half"
                : "none",
          ],
          [
            "How sure",
            share === undefined
              ? undefined
              : share > 0
                ? `${percent(share)} of the samples drawn again pick it`
                : "hardly ever picked when the samples are drawn again",
          ],
        ]}
      />
      {plan.error && (
        <p className={classes.quiet}>What training takes cannot be told: {plan.error.message}</p>
      )}
    </>
  );
}

/** What the planner expects of the training at this depth. */
function trainingFacts(plan: Plan | undefined): (readonly [string, string])[] {
  const train = plan?.runs.find(({ role }) => role === "train");
  if (!train) return [];
  const { memoryBytes, duration: takes, basis, fitting } = train;
  return [
    [
      "Memory to train",
      memoryBytes === undefined
        ? "not known"
        : `${bytes(memoryBytes)}, fits on ${fitting} ${fitting === 1 ? "device" : "devices"}`,
    ],
    [
      "Time to train",
      `${duration(1000 * takes.likely)} (${duration(1000 * takes.earliest)} – ${duration(1000 * takes.latest)}${bases[basis]})`,
    ],
  ];
}

const bases = {
  "like-runs": "",
  pace: ", by the pace of others",
  rate: ", by the measured speed of the devices",
  "usual-pace": ", a guess",
  nothing: ", a guess",
} as const;

const pointsOf = (score: number | undefined): string => (score === undefined ? "–" : points(score));

function valueAt({ values, standardErrors }: DepthCurve, depth: number): string {
  const [value, error] = [values[depth - 1], standardErrors[depth - 1]];
  if (typeof value !== "number") return "not finite";
  return typeof error === "number" ? `${number(value)} ± ${number(error)}` : number(value);
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
