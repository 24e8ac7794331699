import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { send } from "../api/request.ts";
import { Button } from "../elements/button.tsx";
import { Dialog } from "../elements/dialog.tsx";
import { onKey } from "../shell/keys.ts";
import { useMay } from "../session/use-me.ts";
import classes from "./bulk-actions.module.css";

const verbs = {
  cancel: { word: "Cancel", look: "danger" },
  hold: { word: "Hold", look: "plain" },
  release: { word: "Release", look: "plain" },
  retry: { word: "Retry", look: "plain" },
} as const;
type Verb = keyof typeof verbs;

/** Requests that are under way at a time. */
const atOnce = 4;

/** What is done with all chosen runs, after a look at how many there are, with an outcome for each. */
export function BulkActions({ ids, clear }: { ids: readonly string[]; clear: () => void }) {
  const client = useQueryClient();
  const [outcomes, setOutcomes] = useState<readonly { id: string; problem?: string }[]>([]);
  const failed = outcomes.filter(({ problem }) => problem !== undefined);
  useEffect(
    () =>
      onKey("c", "Cancel what is chosen", () =>
        document.querySelector<HTMLButtonElement>("[data-bulk=cancel] button")?.click(),
      ),
    [],
  );
  const may = useMay("member");
  if (!may || (ids.length === 0 && outcomes.length === 0)) return null;
  const act = async (verb: Verb): Promise<void> => {
    const waiting = [...ids];
    const done: { id: string; problem?: string }[] = [];
    const work = async (): Promise<void> => {
      for (let id = waiting.shift(); id !== undefined; id = waiting.shift())
        done.push(
          await send("POST", `runs/${id}/${verb}`).then(
            () => ({ id }),
            (error: Error) => ({ id, problem: error.message }),
          ),
        );
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    setOutcomes(done);
    clear();
    void client.invalidateQueries();
  };
  return (
    <section aria-label="Chosen runs" className={classes.bulk}>
      {ids.length > 0 && (
        <>
          <strong role="status">{ids.length} chosen</strong>
          {(Object.keys(verbs) as Verb[]).map((verb) => (
            <span key={verb} data-bulk={verb}>
              <Dialog
                opener={verbs[verb].word}
                look={verbs[verb].look}
                title={`${verbs[verb].word} ${ids.length} ${ids.length === 1 ? "run" : "runs"}?`}
                confirm={verbs[verb].word}
                error={null}
                onConfirm={() => act(verb)}
              >
                <p>Those whose state does not allow it stay as they are, and are named afterwards.</p>
              </Dialog>
            </span>
          ))}
          <Button look="bare" onPress={clear}>
            Choose none
          </Button>
        </>
      )}
      {outcomes.length > 0 && (
        <div role="status" className={classes.outcomes}>
          <p>
            {outcomes.length - failed.length} of {outcomes.length} done.{" "}
            <Button look="bare" onPress={() => setOutcomes([])}>
              Close
            </Button>
          </p>
          <ul>
            {failed.map(({ id, problem }) => (
              <li key={id}>
                <code>{id}</code> {problem}
              </li>
            ))}
          </ul>
        </div>
      )}
    </section>
  );
}
