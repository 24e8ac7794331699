import type { RuleCurve, SearchResult } from "@espalier/contract";
import { DepthChart } from "../charts/depth-chart.tsx";
import { number } from "../elements/format.ts";
import { Frame } from "../elements/panel.tsx";

const axes: { readonly [K in RuleCurve["axis"]]: { readonly title: string; readonly first: number } } = {
  depth: { title: "layers kept", first: 1 },
  layer: { title: "layer, from 0", first: 0 },
  "first-dropped": { title: "first layer of the dropped run, from 0", first: 0 },
  removed: { title: "layers removed", first: 1 },
};

/** What a rule went by that looks at layers, not at depths. */
export const RuleCurves = ({ result: { curves = [] } }: { result: SearchResult }) =>
  curves
    .filter(({ axis }) => axis !== "depth")
    .map(({ name, axis, pick, values, standardErrors }) => {
      const { title, first } = axes[axis];
      const finite = values.filter((value) => value !== null);
      return (
        <Frame key={`${name} ${pick}`} title={pick === undefined ? "By layer" : `To pick ${pick}`}>
          <DepthChart
            title={name}
            summary={
              finite.length === 0
                ? "nothing finite"
                : `from ${number(Math.min(...finite))} to ${number(Math.max(...finite))}`
            }
            axis={title}
            places={values.map((_, i) => first + i)}
            lines={[{ name, values, standardErrors }]}
          />
        </Frame>
      );
    });
