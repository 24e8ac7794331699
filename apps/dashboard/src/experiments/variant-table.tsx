import type { Experiment, Run, VariantReport } from "@espalier/contract";
import { Link } from "wouter";
import { bytes, duration, many, points } from "../elements/format.ts";
import { Frame } from "../elements/panel.tsx";
import { StateBadge } from "../elements/badge.tsx";
import { cells, Table } from "../elements/table.tsx";
import { signed } from "./compared.ts";
import { marginOf, scoreOf } from "./score.ts";

const columns = [
  "Variant",
  { name: "Layers", number: true },
  { name: "Parameters", number: true },
  { name: "Size", number: true },
  { name: "Before", number: true },
  { name: "After", number: true },
  { name: "Gain", number: true },
  { name: "Speed", number: true },
  { name: "Training", number: true },
  "Model",
] as const;

/** Every variant in the order of its depth: what it is, and its mean score before and after training, in hundredths. */
export function VariantTable({
  experiment: { variants },
  runs,
}: {
  experiment: Experiment;
  runs: readonly Run[];
}) {
  const ordered = [...variants].sort((a, b) => (b.layers ?? 0) - (a.layers ?? 0));
  return (
    <Frame title="Variants" aside="scores × 100, with intervals of 95 % where they are correlations">
      <Table label="Variants" columns={columns}>
        {ordered.map((variant) => (
          <Row
            key={variant.name}
            variant={variant}
            runs={runs.filter((run) => run.variant === variant.name)}
          />
        ))}
      </Table>
    </Frame>
  );
}

function Row({ variant, runs }: { variant: VariantReport; runs: readonly Run[] }) {
  const [before, after] = [scoreOf(variant.before), scoreOf(variant.after)];
  const failed = runs.find(({ state }) => state === "FAILED" || state === "QUARANTINED");
  return (
    <tr>
      <th scope="row">
        {variant.name} {failed && <StateBadge state={failed.state} title={failed.problem?.detail} />}
      </th>
      <td className={cells.number}>{variant.layers ?? "–"}</td>
      <td className={cells.number}>{variant.parameters === undefined ? "–" : many(variant.parameters)}</td>
      <td className={cells.number}>{!variant.bytes ? "–" : bytes(variant.bytes)}</td>
      <td className={cells.number}>{withMargin(before, marginOf(variant.before))}</td>
      <td className={cells.number}>{withMargin(after, marginOf(variant.after))}</td>
      <td className={cells.number}>
        {after === undefined || before === undefined ? "–" : signed(after - before)}
      </td>
      <td className={cells.number}>
        {variant.tokensPerSecond === undefined ? "–" : `${many(variant.tokensPerSecond)} tokens/s`}
      </td>
      <td className={cells.number}>
        {variant.trainSeconds === undefined ? "–" : duration(1000 * variant.trainSeconds)}
      </td>
      <td>{variant.modelId === undefined ? "–" : <Link href={`/models/${variant.modelId}`}>look</Link>}</td>
    </tr>
  );
}

const withMargin = (score: number | undefined, margin: number | undefined): string =>
  score === undefined ? "–" : `${points(score)}${margin === undefined ? "" : ` ± ${points(margin)}`}`;
