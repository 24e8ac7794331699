import {
  Problem,
  refusals,
  type ComparedVariant,
  type Comparison,
  type Experiment,
  type PromotionRequest,
} from "@espalier/contract";

/** A variant that passes, and the model that is marked for it. */
export interface Passing {
  modelId: string;
  variant: string;
  when: string;
  delta: number;
}

/**
 * The variant that a rule promotes: the one that is asked for, else the smallest of those that pass, of equal ones that with the best score.
 * Of several seeds its model is the first's, as the best by the test set would be chosen by what it is measured by.
 * @throws {Problem} `request/invalid` without a rule or for a variant that is not compared, `resource/conflict` where none passes, with why
 */
export function passing(
  { spec, state, variants }: Pick<Experiment, "spec" | "state" | "variants">,
  comparison: Comparison,
  { when = spec.promote, variant }: PromotionRequest,
): Passing {
  if (when === undefined)
    throw new Problem(
      "request/invalid",
      "The experiment has no rule to promote by; give one, such as `Δ ≥ -0.5 and size ≤ 80 %`.",
      { field: "/when" },
    );
  if (state === "RUNNING")
    throw new Problem("resource/conflict", "The experiment is still running; promote when it has ended.");
  const trained = comparison.variants.filter(({ stage }) => stage === "after");
  const left = comparison.left.filter(({ stage }) => stage === "after");
  const names = [...trained, ...left].map(({ name }) => name);
  if (variant !== undefined && !names.includes(variant))
    throw new Problem(
      "request/invalid",
      `No trained variant ${JSON.stringify(variant)} is compared with ${comparison.baseline}; there are ${names.join(", ") || "none"}.`,
      { field: "/variant" },
    );
  const isAsked = ({ name }: { name: string }) => variant === undefined || name === variant;
  const judged = trained.filter(isAsked).map((compared) => {
    const modelId = variants.find(({ name }) => name === compared.name)?.modelId;
    const why = refusals(when, compared);
    return { compared, modelId, why: modelId === undefined ? [...why, "it has no model"] : why };
  });
  const [best] = judged
    .filter(({ why }) => why.length === 0)
    .sort((a, b) => sizeOf(a.compared) - sizeOf(b.compared) || b.compared.delta - a.compared.delta);
  if (best === undefined) {
    const reasons = [
      ...judged.map(({ compared, why }) => `${compared.name}: ${why.join(", and ")}.`),
      ...left.filter(isAsked).map(({ name, why }) => `${name}: ${why}`),
    ];
    throw new Problem(
      "resource/conflict",
      `Nothing is promoted by ${when}. ${reasons.join(" ") || "No trained variant is compared."}`,
    );
  }
  return { modelId: best.modelId!, variant: best.compared.name, when, delta: best.compared.delta };
}

const sizeOf = ({ size = Infinity }: ComparedVariant): number => size;
