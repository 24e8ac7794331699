import type { ComparedVariant, Comparison, Experiment } from "@espalier/contract";
import { useResource } from "../api/use-resource.ts";
import { Panel } from "../elements/panel.tsx";
import { nameOf } from "./compared.ts";
import { Deltas } from "./deltas.tsx";
import { PromoteDialog } from "./promote-dialog.tsx";
import classes from "./comparison-panel.module.css";

/** Whether the variants hold what the baseline scores, unit by unit; and what beside the models differs. */
export function ComparisonPanel({ experiment }: { experiment: Experiment }) {
  const query = useResource<Comparison>(`experiments/${experiment.id}/comparison`);
  if (query.data?.variants.length === 0 && query.data.left.length === 0) return null;
  return (
    <Panel
      title="What pruning costs"
      query={query}
      rows={6}
      aside={
        query.data && (
          <>
            {asideOf(query.data)} <PromoteDialog experiment={experiment} comparison={query.data} />
          </>
        )
      }
    >
      {(comparison) => (
        <>
          {comparison.variants.length > 0 && <Deltas comparison={comparison} />}
          <Notes comparison={comparison} />
        </>
      )}
    </Panel>
  );
}

const asideOf = ({ margin }: Comparison): string =>
  `paired over the same queries and pairs; the margin is ${100 * margin} points`;

function Notes({ comparison: { variants, left } }: { comparison: Comparison }) {
  const flagged = variants.filter(({ differences }) => differences.length > 0);
  if (flagged.length + left.length === 0) return null;
  return (
    <ul className={classes.notes}>
      {flagged.map((each) => (
        <li key={`${nameOf(each)} differs`} className={classes.warning}>
          <b>{nameOf(each)}</b> differs from the baseline in more than its layers: {told(each)}.
        </li>
      ))}
      {left.map(({ name, stage, why }) => (
        <li key={`${name} ${stage}`} className={classes.quiet}>
          {nameOf({ name, stage })}: {why}
        </li>
      ))}
    </ul>
  );
}

const told = ({ differences }: ComparedVariant): string =>
  differences
    .map(
      ({ condition, baseline, other }) => `${condition} ${baseline ?? "not known"} → ${other ?? "not known"}`,
    )
    .join(", ");
