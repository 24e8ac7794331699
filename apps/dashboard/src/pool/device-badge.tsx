import { Badge } from "../elements/badge.tsx";
import { duration } from "../elements/format.ts";
import { deviceLooks, idleFor, stateOf, type PoolDevice } from "./device-state.ts";

/** The state of a device; who points at it reads why. */
export function DeviceBadge({ each, now }: { each: PoolDevice; now: number }) {
  const state = stateOf(each, now);
  const { tone, icon, word } = deviceLooks[state];
  return (
    <Badge tone={tone} icon={icon} title={whyOf(each, now)}>
      {word}
    </Badge>
  );
}

/** Why a device is as it is, in words; undefined where there is nothing to say. */
export function whyOf(each: PoolDevice, now: number): string | undefined {
  const { device, worker } = each;
  const idle = idleFor(each, now);
  const reasons = [
    ...device.holds.map(({ reason, by }) =>
      by === undefined || by === "worker" ? reason : `${reason} (${by})`,
    ),
    ...(worker.drain
      ? [
          `Draining${worker.drain.by === undefined ? "" : ` by ${worker.drain.by}`}${worker.drain.reason === undefined ? "" : `: ${worker.drain.reason}`}`,
        ]
      : []),
    ...(idle > 0 ? [`A run holds it, and nothing has computed on it for ${duration(idle)}.`] : []),
  ];
  return reasons.length > 0 ? reasons.join(" ") : undefined;
}
