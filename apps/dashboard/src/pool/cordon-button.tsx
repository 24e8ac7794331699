import { Button } from "../elements/button.tsx";
import { useAction } from "../elements/use-action.ts";
import { useMay } from "../session/use-me.ts";
import type { PoolDevice } from "./device-state.ts";

/** Keeps a device from new runs, or lets it take them again; for operators. */
export function CordonButton({ each: { device, worker } }: { each: PoolDevice }) {
  const action = useAction();
  if (!useMay("operator")) return null;
  const held = device.holds.some(
    ({ cause }) =>
      cause === "cordon" ||
      cause === "memory-error" ||
      cause === "device-error" ||
      cause === "vanished" ||
      cause === "failures",
  );
  const verb = held ? "uncordon" : "cordon";
  return (
    <Button
      look="bare"
      disabled={action.isPending}
      label={`${held ? "Uncordon" : "Cordon"} ${worker.name} ${device.address}`}
      {...(action.error && { title: action.error.message })}
      onPress={() =>
        action.mutate({
          verb: "POST",
          path: `workers/${worker.id}/devices/${device.id}/${verb}`,
          json: held ? undefined : {},
        })
      }
    >
      {action.error ? "failed, again" : held ? "Uncordon" : "Cordon"}
    </Button>
  );
}
