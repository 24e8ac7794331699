import type { KeptLayers } from "@espalier/contract";
import { spell } from "./picks.ts";
import classes from "./layer-strip.module.css";

/** The layers of a model side by side, those that are kept filled. Without the number of all, in words. */
export function LayerStrip({ kept, of }: { kept: KeptLayers; of: number | undefined }) {
  const words = typeof kept === "number" ? `the first ${kept}` : `${kept.length}: layers ${spell(kept)}`;
  if (of === undefined) return words;
  const is = (layer: number): boolean => (typeof kept === "number" ? layer < kept : kept.includes(layer));
  return (
    <span className={classes.strip}>
      <span aria-hidden="true" className={classes.layers}>
        {Array.from({ length: of }, (_, layer) => (
          <i key={layer} className={is(layer) ? classes.kept : undefined} />
        ))}
      </span>
      <span>{words}</span>
    </span>
  );
}
