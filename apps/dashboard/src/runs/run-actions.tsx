import type { PriorityClass, Run } from "@espalier/contract";
import { Button } from "../elements/button.tsx";
import { ProblemNote } from "../elements/problem-note.tsx";
import { useAction } from "../elements/use-action.ts";
import { useMay } from "../session/use-me.ts";
import classes from "./run-actions.module.css";

export interface ActedOn {
  id: string;
  kind: Run["kind"];
  state: Run["state"];
  held: boolean;
  class: PriorityClass;
}

const waits = ["WAITING", "QUEUED"];
const ended = ["FAILED", "CANCELLED", "SKIPPED", "QUARANTINED"];

/** What can be done with a run in its state. */
export function RunActions({ run: { id, state, held, class: priorityClass } }: { run: ActedOn }) {
  const action = useAction();
  if (!useMay("member")) return null;
  const act = (verb: string): void => action.mutate({ verb: "POST", path: `runs/${id}/${verb}` });
  const busy = action.isPending;
  const finished = ended.includes(state) || state === "SUCCEEDED";
  return (
    <div className={classes.actions}>
      {waits.includes(state) && (
        <Button disabled={busy} onPress={() => act(held ? "release" : "hold")}>
          {held ? "Release" : "Hold"}
        </Button>
      )}
      {waits.includes(state) && (
        <label>
          Class{" "}
          <select
            value={priorityClass}
            disabled={busy}
            onChange={({ target }) =>
              action.mutate({ verb: "PATCH", path: `runs/${id}`, json: { class: target.value } })
            }
          >
            {["urgent", "normal", "idle"].map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
      )}
      {ended.includes(state) && (
        <Button look="strong" disabled={busy} onPress={() => act("retry")}>
          Retry
        </Button>
      )}
      {!finished && (
        <Button look="danger" disabled={busy} onPress={() => act("cancel")}>
          Cancel
        </Button>
      )}
      {action.error && <ProblemNote error={action.error} />}
    </div>
  );
}
