import type { DepthScores } from "@espalier/contract";
import { DepthChart } from "../charts/depth-chart.tsx";
import { Frame } from "../elements/panel.tsx";
import classes from "./run-page.module.css";

/** What a model scores with so many of its first layers: a line for each dataset, in hundredths. */
export function ScoresByDepth({ depths }: { depths: readonly DepthScores[] }) {
  const rising = depths.toSorted((a, b) => a.layers - b.layers);
  const names = new Map(rising.flatMap(({ scores }) => scores.map((each) => [each.datasetId, each.name])));
  const lines = [...names].map(([id, name]) => ({
    name,
    values: rising.map(({ scores }) => {
      const score = scores.find(({ datasetId }) => datasetId === id)?.score;
      return score === undefined ? null : 100 * score;
    }),
  }));
  const best = lines.map(({ name, values }) => {
    const highest = Math.max(...values.map((value) => value ?? -Infinity));
    return `${name} is best with ${rising[values.indexOf(highest)]?.layers} layers, ${highest.toFixed(1)}`;
  });
  const failed = rising.filter((each) => each.failed !== undefined);
  return (
    <Frame title="By depth">
      <DepthChart
        title="Scores"
        summary={best.join("; ")}
        axis="layers kept"
        places={rising.map(({ layers }) => layers)}
        lines={lines}
        format={(value) => value.toFixed(2)}
      />
      {failed.length > 0 && (
        <ul className={classes.failedDepths}>
          {failed.map(({ layers, failed: why }) => (
            <li key={layers}>
              {layers} layers: {why}
            </li>
          ))}
        </ul>
      )}
    </Frame>
  );
}
