import { choicesOf, fastestOf, nominalSpeed, type EngineRate } from "@espalier/contract";
import type { Device, History } from "@espalier/scheduler";

type Pass = "forward" | "training";

/** The key of the history under which rates of devices stand as a pace, for what a run asks of an engine. */
export const rateKey = (pass: Pass, computesOn: string | null): string => `rate/${pass}/${computesOn ?? ""}`;

/**
 * Of the keys those that begin with `rate/`, as paces: milliseconds that a device needs for a second of a nominal host, of the
 * fastest, the median and the slowest device that takes runs. Without samples, as no run has told them.
 */
export function measuredPaces(
  devices: readonly (Pick<Device, "state"> & { readonly rates: readonly EngineRate[] })[],
  keys: ReadonlySet<string>,
): History[] {
  const usable = devices.filter(({ state }) => state === "schedulable");
  return [...keys].flatMap((key) => {
    const [, pass, choice] = /^rate\/(forward|training)\/(.*)$/.exec(key) ?? [];
    if (pass === undefined || choice === undefined) return [];
    const paces = usable
      .flatMap(({ rates }) => {
        const allowed = choice === "" ? rates : rates.filter((rate) => choicesOf([rate]).includes(choice));
        const rate = fastestOf(allowed, {}, pass as Pass)?.[pass as Pass];
        return rate === undefined || rate === 0 ? [] : [(1000 * nominalSpeed) / (rate * 1e9)];
      })
      .sort((a, b) => a - b);
    if (paces.length === 0) return [];
    const duration = { earliest: paces[0]!, likely: paces[paces.length >> 1]!, latest: paces.at(-1)! };
    return [{ key, samples: 0, duration, memoryRatio: null }];
  });
}
