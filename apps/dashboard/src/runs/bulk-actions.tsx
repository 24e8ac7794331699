import type { RunAction, RunActionRequest, RunActionResult } from "@espalier/contract";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { send } from "../api/request.ts";
import { Button } from "../elements/button.tsx";
import { Dialog } from "../elements/dialog.tsx";
import { Loading } from "../elements/panel.tsx";
import { useMay } from "../session/use-me.ts";
import { onKey } from "../shell/keys.ts";
import type { RunFilter } from "./run-filter.ts";
import classes from "./bulk-actions.module.css";

const verbs = {
  cancel: { word: "Cancel", look: "danger" },
  hold: { word: "Hold", look: "plain" },
  release: { word: "Release", look: "plain" },
  retry: { word: "Retry", look: "plain" },
  delete: { word: "Delete", look: "danger" },
} as const satisfies Record<RunAction, { word: string; look: "plain" | "danger" }>;

interface Props {
  ids: readonly string[];
  clear: () => void;
  /** Where all that pass a filter may be meant instead of those that are chosen. */
  filter?: RunFilter | undefined;
}

/** What is done with all chosen runs, or with all that pass the filter, after a look at what would become of each. */
export function BulkActions({ ids, clear, filter }: Props) {
  const client = useQueryClient();
  const [outcome, setOutcome] = useState<RunActionResult>();
  const [byFilter, setByFilter] = useState(false);
  useEffect(
    () =>
      onKey("c", "Cancel what is chosen", () =>
        document.querySelector<HTMLButtonElement>("[data-bulk=cancel] button")?.click(),
      ),
    [],
  );
  const may = useMay("member");
  const meant = ids.length > 0 || byFilter;
  if (!may || (!meant && !outcome && !filter)) return null;
  const request = (action: RunAction, dryRun: boolean): Promise<RunActionResult> => {
    const which = byFilter ? { filter: filterOf(filter ?? {}) } : { runIds: [...ids] };
    return send("POST", "runs/actions", { action, dryRun, ...which } satisfies RunActionRequest);
  };
  const act = async (action: RunAction): Promise<void> => {
    setOutcome(await request(action, false));
    clear();
    setByFilter(false);
    void client.invalidateQueries();
  };
  return (
    <section aria-label="Chosen runs" className={meant || outcome ? classes.bulk : classes.offer}>
      {filter && ids.length === 0 && (
        <Button look="bare" pressed={byFilter} onPress={() => setByFilter(!byFilter)}>
          All that pass the filter
        </Button>
      )}
      {meant && (
        <>
          <strong role="status">{byFilter ? "all filtered" : `${ids.length} chosen`}</strong>
          {(Object.keys(verbs) as RunAction[]).map((action) => (
            <span key={action} data-bulk={action}>
              <Verb
                action={action}
                what={byFilter ? "all filtered runs" : `${ids.length} ${ids.length === 1 ? "run" : "runs"}`}
                look={() => request(action, true)}
                act={() => act(action)}
              />
            </span>
          ))}
          <Button
            look="bare"
            onPress={() => {
              clear();
              setByFilter(false);
            }}
          >
            Choose none
          </Button>
        </>
      )}
      {outcome && <Outcome result={outcome} close={() => setOutcome(undefined)} />}
    </section>
  );
}

/** Filters of the address have one value each. */
const filterOf = (filter: RunFilter): NonNullable<RunActionRequest["filter"]> =>
  Object.fromEntries(Object.entries(filter).map(([name, value]) => [name, name === "q" ? value : [value]]));

interface VerbProps {
  action: RunAction;
  what: string;
  look: () => Promise<RunActionResult>;
  act: () => Promise<void>;
}

/** Looks first at what would be done, and does it when somebody has seen that. */
function Verb({ action, what, look, act }: VerbProps) {
  const [seen, setSeen] = useState<RunActionResult>();
  const [error, setError] = useState<Error | null>(null);
  const { word, look: buttonLook } = verbs[action];
  const open = (): void => {
    setSeen(undefined);
    setError(null);
    look().then(setSeen, setError);
  };
  const confirm = (): Promise<void> =>
    act().catch((caught: unknown) => {
      setError(caught as Error);
      throw caught;
    });
  return (
    <Dialog
      opener={word}
      look={buttonLook}
      title={`${word} ${what}?`}
      confirm={word}
      error={error}
      onOpen={open}
      onConfirm={confirm}
    >
      {seen ? (
        <>
          <p>
            It would be done to <b>{seen.done}</b>
            {seen.refused > 0 && (
              <>
                , and refused for <b>{seen.refused}</b>
              </>
            )}
            .{seen.more && " There are more, which the next request takes."}
          </p>
          <Refused result={seen} />
        </>
      ) : (
        !error && <Loading rows={1} />
      )}
    </Dialog>
  );
}

const Outcome = ({ result, close }: { result: RunActionResult; close: () => void }) => (
  <div role="status" className={classes.outcomes}>
    <p>
      {result.done} of {result.done + result.refused} done.{" "}
      <Button look="bare" onPress={close}>
        Close
      </Button>
    </p>
    <Refused result={result} />
  </div>
);

/** Refusals that are named; the number says how many there are. */
const mostNamed = 10;

const Refused = ({ result: { items } }: { result: RunActionResult }) => {
  const refused = items.filter(({ problem }) => problem !== undefined);
  return refused.length === 0 ? null : (
    <ul className={classes.refused}>
      {refused.slice(0, mostNamed).map(({ runId, name, problem }) => (
        <li key={runId}>
          <code>{name ?? runId}</code> {problem?.detail}
        </li>
      ))}
    </ul>
  );
};
