import { mainMetrics, type DepthScores } from "@espalier/contract";
import { formatPlot } from "../terminal/plot.ts";
import { formatTable } from "../terminal/table.ts";

/** The scores at each depth as a table, and one curve for each dataset where the depths have no gaps. */
export function depthLines(depths: readonly DepthScores[], columns: number): string[] {
  const sets = depths.at(-1)?.scores ?? [];
  const scoreAt = ({ scores }: DepthScores, id: string) =>
    scores.find(({ datasetId }) => datasetId === id)?.score;
  const whole = depths.every(({ layers }, i) => layers === depths[0]!.layers + i) && depths.length > 2;
  const curves = sets.flatMap(({ datasetId, name, task }) => [
    `${name}, ${mainMetrics[task]}`,
    ...formatPlot({
      values: depths.map((at) => scoreAt(at, datasetId) ?? null),
      first: depths[0]!.layers,
      xTitle: "layers kept",
      columns: Math.min(100, columns),
    }),
  ]);
  const table = formatTable(
    depths,
    [
      { title: "LAYERS", value: ({ layers }) => String(layers), align: "right" },
      ...sets.map(({ datasetId, name }) => ({
        title: name,
        value: (at: DepthScores) => scoreAt(at, datasetId)?.toFixed(4) ?? "–",
        align: "right" as const,
      })),
    ],
    columns,
  );
  const failed = depths.flatMap(({ layers, failed: why }) =>
    why === undefined ? [] : [`! ${layers} layers: ${why}`],
  );
  return depths.length === 0 ? [] : [...(whole ? curves : []), ...table, ...failed, ""];
}
