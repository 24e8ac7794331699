import { readFileSync } from "node:fs";
import { defaultPolicy, type Policy, type Range } from "@espalier/scheduler";
import { expect, test } from "vitest";
import {
  classCharge,
  priorityClasses,
  usageHalfLifeMs,
  WaitingReason,
} from "../../packages/contract/src/index.ts";

const page = readFileSync(new URL("../../docs/scheduling.md", import.meta.url), "utf8");

const units = [
  [86_400_000, " day"],
  [3_600_000, " h"],
  [60_000, " min"],
] as const;
const duration = (ms: number): string => {
  const [unit, name] = units.find(([each]) => ms % each === 0)!;
  const count = ms / unit;
  return `${count}${name}${name === " day" && count > 1 ? "s" : ""}`;
};
const spread = ({ earliest, likely, latest }: Range): string =>
  [earliest, likely, latest].map(duration).join(", ");
const share = (part: number): string => `${100 * part} %`;
const number = (value: number): string => (value === 0.5 ? "½" : String(value));
const byClass = <Value>(table: Readonly<Record<string, Value>>, format: (value: Value) => string): string =>
  priorityClasses.map((name) => format(table[name]!)).join(", ");

/** A row of the page for each setting; `explain` is the simulator's. */
const rows: { [Setting in Exclude<keyof Policy, "explain">]: [name: string, value: string] } = {
  patienceMs: ["patience", byClass(defaultPolicy.patienceMs, duration)],
  agedShare: ["aged share", share(defaultPolicy.agedShare)],
  memoryMargin: ["memory margin", share(defaultPolicy.memoryMargin)],
  sharers: ["sharers", number(defaultPolicy.sharers)],
  reservations: ["reservations", number(defaultPolicy.reservations)],
  graceMs: ["grace", duration(defaultPolicy.graceMs)],
  minRunMs: ["least run", duration(defaultPolicy.minRunMs)],
  minGainMs: ["least gain", duration(defaultPolicy.minGainMs)],
  preemptors: ["preemptors", number(defaultPolicy.preemptors)],
  unknownDuration: ["unknown duration", spread(defaultPolicy.unknownDuration)],
  usualPace: [
    "usual pace",
    Object.values(defaultPolicy.usualPace)
      .map((ms) => number(ms / 1000))
      .join(", "),
  ],
  minSamples: ["least samples", number(defaultPolicy.minSamples)],
  exact: ["exact forecasts", number(defaultPolicy.exact)],
};

test("the table of defaults has the numbers of the policy and of the contract", () => {
  const [, section = ""] = page.split("## Defaults");
  const table = section.split("## ")[0]!.matchAll(/^\| ([a-z -]+) \| ([^|]+) \|/gm);
  expect(Object.fromEntries([...table].map(([, name, value]) => [name!, value!]))).toEqual({
    "half-life": duration(usageHalfLifeMs),
    charge: byClass(classCharge, number),
    ...Object.fromEntries(Object.values(rows)),
  });
});

test("the text has the same numbers", () => {
  const { patienceMs, memoryMargin, minGainMs, exact } = defaultPolicy;
  const each = (format: (name: (typeof priorityClasses)[number]) => string): string =>
    priorityClasses.map(format).join(", ");
  expect(page).toContain(`h = ${duration(usageHalfLifeMs)}`);
  expect(page).toContain(`c = ${each((name) => `${number(classCharge[name])} ${name}`)}`);
  expect(page).toContain(`(${each((name) => `${name} ${duration(patienceMs[name])}`)})`);
  expect(page).toContain(`× ${1 + memoryMargin} is reserved`);
  expect(page).toContain(`grace + ${duration(minGainMs)}`);
  expect(page).toContain(`first ${exact} runs`);
});

test("the page lists every reason for which a run waits", () => {
  const [, section = ""] = page.split("## Why it waits");
  const listed = section.split("## ")[0]!.matchAll(/`([a-z-]+)`/g);
  const codes = WaitingReason.anyOf.map(({ properties }) => properties.code.const);
  expect([...listed].map(([, code]) => code!).sort()).toEqual([...codes].sort());
});
