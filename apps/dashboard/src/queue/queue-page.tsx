import type { QueueEntry, QueuePage as Page_ } from "@espalier/contract";
import { useEffect, useMemo, useState } from "react";
import { useLocation } from "wouter";
import { useResource } from "../api/use-resource.ts";
import { Button } from "../elements/button.tsx";
import { Empty } from "../elements/empty.tsx";
import { Page } from "../elements/page.tsx";
import { Panel } from "../elements/panel.tsx";
import { Table } from "../elements/table.tsx";
import { useRows } from "../elements/use-rows.ts";
import { BulkActions } from "../runs/bulk-actions.tsx";
import { useChosen } from "../runs/use-chosen.ts";
import { onKey } from "../shell/keys.ts";
import { ProblemNote } from "../elements/problem-note.tsx";
import { QueueRow } from "./queue-row.tsx";
import { useMove, type Move } from "./use-move.ts";
import classes from "./queue.module.css";

const columns = [
  { name: "Choose", hidden: true },
  { name: "Place", number: true },
  "Run",
  "Model",
  "Class",
  "User",
  "Why it waits",
  "Likely start",
  { name: "Waits", number: true },
  { name: "Actions", hidden: true },
] as const;

/** Rows of one page of the queue. */
const limit = 100;

/** What waits for devices, why, until when, and what would help. */
export function QueuePage() {
  const [own, setOwn] = useState(false);
  const [cursors, setCursors] = useState<readonly string[]>([]);
  const cursor = cursors.at(-1);
  const query = useResource<Page_>("queue", {
    query: { limit, ...(own && { own }), ...(cursor !== undefined && { cursor }) },
    everyMs: 10_000,
  });
  const entries = useMemo(
    () =>
      new Map(
        query.data?.items.flatMap((entry) =>
          entry.runId === undefined ? [] : [[entry.runId, entry] as const],
        ),
      ),
    [query.data],
  );
  const ids = useMemo(() => [...entries.keys()], [entries]);
  const [, go] = useLocation();
  const chosen = useChosen();
  const row = useRows(ids, { toggle: chosen.toggle, open: (id) => go(`/runs/${id}`) });
  const moving = useMove(query.data?.items ?? []);
  const { mutate } = moving;
  const move = (runId: string, to: Move): void => mutate({ runId, move: to });
  useEffect(() => {
    const withRow = (to: Move) => () => {
      const runId = document.activeElement?.getAttribute("data-row");
      if (runId) mutate({ runId, move: to });
    };
    const ends = [
      onKey("K", "Move the row up", withRow("up"), { within: "[data-row]" }),
      onKey("J", "Move the row down", withRow("down"), { within: "[data-row]" }),
    ];
    return () => {
      for (const end of ends) end();
    };
  }, [mutate]);
  return (
    <Page
      title="Queue"
      lead={
        query.data && (
          <p>
            {query.data.total} wait for devices, {query.data.own} of your team
          </p>
        )
      }
      actions={
        <Button pressed={own} onPress={() => setOwn(!own)}>
          Only your team's
        </Button>
      }
    >
      <BulkActions ids={ids.filter((id) => chosen.ids.has(id))} clear={chosen.clear} />
      {moving.error && <ProblemNote error={moving.error} />}
      {moving.data !== undefined && (
        <p role="status" className={classes.moved}>
          {moving.data}
        </p>
      )}
      <Panel query={query} rows={8}>
        {({ items, cursor: next }) =>
          items.length === 0 ? (
            <Empty
              title="Nothing waits: what is submitted now starts at once."
              command="espalier experiment submit --name first --model MODEL --triplets DATASET --sts DATASET"
            >
              <p>Runs that wait for other runs, not for devices, are under Runs in the state waiting.</p>
              <Button look="strong" onPress={() => go("/experiments")}>
                Submit an experiment
              </Button>
            </Empty>
          ) : (
            <>
              <Table label="Queue" columns={columns}>
                {items.map((entry: QueueEntry, index) => (
                  <QueueRow
                    key={entry.runId ?? `other ${entry.position ?? index} ${entry.queuedAt}`}
                    entry={entry}
                    entries={entries}
                    row={row}
                    chosen={chosen}
                    move={move}
                  />
                ))}
              </Table>
              <Pages cursors={cursors} next={next} setCursors={setCursors} />
            </>
          )
        }
      </Panel>
    </Page>
  );
}

function Pages({
  cursors,
  next,
  setCursors,
}: {
  cursors: readonly string[];
  next: string | undefined;
  setCursors: (cursors: readonly string[]) => void;
}) {
  if (cursors.length === 0 && next === undefined) return null;
  return (
    <nav aria-label="Pages of the queue" className={classes.pages}>
      <Button disabled={cursors.length === 0} onPress={() => setCursors(cursors.slice(0, -1))}>
        Before
      </Button>
      <Button
        disabled={next === undefined}
        onPress={() => next !== undefined && setCursors([...cursors, next])}
      >
        Next {limit}
      </Button>
    </nav>
  );
}
