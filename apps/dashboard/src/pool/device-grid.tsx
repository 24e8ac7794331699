import type { Run } from "@espalier/contract";
import { useState } from "react";
import { Icon } from "../elements/icon.tsx";
import { titleOf } from "../runs/title.ts";
import { whyOf } from "./device-badge.tsx";
import { deviceLooks, stateOf, type PoolDevice } from "./device-state.ts";
import { DeviceTable } from "./device-table.tsx";
import classes from "./device-grid.module.css";

interface Props {
  devices: readonly PoolDevice[];
  runs: ReadonlyMap<string, Run>;
  now: number;
}

/** Hundreds of devices as tiles; the one that is chosen is told in full below them. */
export function DeviceGrid({ devices, runs, now }: Props) {
  const [chosen, setChosen] = useState<string>();
  const one = devices.filter(({ device }) => device.id === chosen);
  return (
    <>
      <ul className={classes.grid}>
        {devices.map((each) => (
          <li key={each.device.id}>
            <Tile each={each} runs={runs} now={now} chosen={chosen === each.device.id} choose={setChosen} />
          </li>
        ))}
      </ul>
      {one.length > 0 && <DeviceTable devices={one} runs={runs} now={now} />}
    </>
  );
}

interface TileProps extends Omit<Props, "devices"> {
  each: PoolDevice;
  chosen: boolean;
  choose: (id: string | undefined) => void;
}

function Tile({ each, runs, now, chosen, choose }: TileProps) {
  const { device, worker } = each;
  const { tone, icon, word } = deviceLooks[stateOf(each, now)];
  const [run] = device.runIds.flatMap((id) => runs.get(id) ?? []);
  const share = device.measured?.utilization;
  return (
    <button
      type="button"
      className={`${classes.tile} ${classes[tone]}`}
      aria-pressed={chosen}
      title={whyOf(each, now)}
      onClick={() => choose(chosen ? undefined : device.id)}
    >
      <span className={classes.line}>
        <span className={classes.state}>
          <Icon name={icon} /> {word}
        </span>
        <span className={classes.share}>{share === undefined ? "" : `${Math.round(share)} %`}</span>
      </span>
      <span className={classes.what}>
        {run ? `${titleOf(run)} ${run.createdBy?.user ?? ""}` : `${worker.name} ${device.address}`}
      </span>
    </button>
  );
}
