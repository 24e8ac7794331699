import { choicesOf, describeChoice, engineChoiceOf, Problem, type RunSpec } from "@espalier/contract";
import type { Store } from "@espalier/store";

/**
 * Refuses a run that asks for an engine or a precision that no device of the pool has. Where the pool has no host yet, the run waits
 * for one.
 */
export async function checkEngine(
  spec: RunSpec,
  { store, field }: { store: Pick<Store, "workers">; field: string },
): Promise<void> {
  const choice = engineChoiceOf(spec);
  const asked = describeChoice(choice);
  if (asked === undefined) return;
  const rates = await store.workers.rates();
  if (rates.length === 0 || choicesOf(rates).includes(asked)) return;
  const there = [...new Set(rates.map((rate) => describeChoice(rate)))].join(", ");
  const lacksEngine = choice.engine !== undefined && !rates.some(({ engine }) => engine === choice.engine);
  throw new Problem(
    "run/no-such-engine",
    `No device of the pool computes with ${asked}; there is: ${there}. Leave it out for the fastest in fp32, or install it (docs/engines.md) and start its worker again.`,
    { field: `${field}/${lacksEngine || choice.precision === undefined ? "engine" : "precision"}` },
  );
}
