import type { KeptLayers, PickStability, SearchResult } from "@espalier/contract";
import { percent } from "../elements/format.ts";
import { Frame } from "../elements/panel.tsx";
import { Table } from "../elements/table.tsx";
import { LayerStrip } from "./layer-strip.tsx";
import { keptBy, spell } from "./picks.ts";

/** What a search picked, drawn layer by layer, and how sure it is. */
export function PicksPanel({ result, layers }: { result: SearchResult; layers: number | undefined }) {
  const { stability } = result;
  const aside = stability && `the samples drawn ${stability.resamples.toLocaleString()} times again`;
  return (
    <Frame title="Picks" aside={aside}>
      <Table label="Picks" columns={["Pick", "Keeps", "How sure", "Else", "95 % sure with"]}>
        {(["large", "small"] as const).map((pick) => {
          const kept = keptBy(result, pick);
          return (
            <tr key={pick}>
              <th scope="row">{pick}</th>
              <td>{kept === undefined ? "none" : <LayerStrip kept={kept} of={layers} />}</td>
              <Sureness of={stability?.[pick]} />
            </tr>
          );
        })}
      </Table>
    </Frame>
  );
}

function Sureness({ of }: { of: PickStability | null | undefined }) {
  if (!of)
    return (
      <>
        <td>not measured</td>
        <td>–</td>
        <td>–</td>
      </>
    );
  const { share, others, samplesFor95 } = of;
  return (
    <>
      <td>{percent(share)} pick the same</td>
      <td>{others.map((each) => `${spellOf(each.layers)} (${percent(each.share)})`).join(", ") || "–"}</td>
      <td>
        {samplesFor95 === null
          ? "more samples than could be tried"
          : `about ${samplesFor95.toLocaleString()} samples`}
      </td>
    </>
  );
}

const spellOf = (kept: KeptLayers): string => (typeof kept === "number" ? `${kept}` : spell(kept));
