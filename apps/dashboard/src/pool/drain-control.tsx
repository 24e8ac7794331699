import type { Worker } from "@espalier/contract";
import { useRef } from "react";
import { Button } from "../elements/button.tsx";
import { Dialog } from "../elements/dialog.tsx";
import { useAction } from "../elements/use-action.ts";
import { useMay } from "../session/use-me.ts";

/** Drains a worker, after a question for the reason, or lets it take runs again; for operators. */
export function DrainControl({ worker }: { worker: Worker }) {
  const action = useAction();
  const reason = useRef<HTMLInputElement>(null);
  const now = useRef<HTMLInputElement>(null);
  if (!useMay("operator") || worker.state !== "ACTIVE") return null;
  const path = (verb: string): string => `workers/${worker.id}/${verb}`;
  if (worker.drain)
    return (
      <Button
        look="bare"
        label={`Resume ${worker.name}`}
        onPress={() => action.mutate({ verb: "POST", path: path("resume") })}
      >
        Resume
      </Button>
    );
  const drain = (): Promise<unknown> => {
    const said = reason.current?.value.trim();
    return action.mutateAsync({
      verb: "POST",
      path: path("drain"),
      json: { ...(said ? { reason: said } : {}), now: now.current?.checked ?? false },
    });
  };
  return (
    <Dialog
      opener="Drain"
      label={`Drain ${worker.name}`}
      title={`Drain ${worker.name}`}
      confirm="Drain"
      error={action.error}
      onConfirm={drain}
    >
      <p>It finishes the runs that it has, and takes no more until it is resumed.</p>
      <label>
        Reason, which others read
        <input ref={reason} maxLength={500} placeholder="new driver" />
      </label>
      <label>
        <input ref={now} type="checkbox" /> at once: runs are saved and given back
      </label>
    </Dialog>
  );
}
