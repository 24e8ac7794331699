import type { QueueEntry } from "@espalier/contract";
import { explainUnblock } from "@espalier/contract/waiting-words";
import { useId, useState } from "react";
import { Badge } from "../elements/badge.tsx";
import { Button } from "../elements/button.tsx";
import { Icon } from "../elements/icon.tsx";
import { cells } from "../elements/table.tsx";
import { Ago } from "../elements/time.tsx";
import type { useRows } from "../elements/use-rows.ts";
import { RunActions } from "../runs/run-actions.tsx";
import { RunLink } from "../runs/run-link.tsx";
import { RunText } from "../runs/run-text.tsx";
import { titleOf } from "../runs/title.ts";
import type { Chosen } from "../runs/use-chosen.ts";
import { BlockerLine } from "./blocker-line.tsx";
import { chainOf, type Link } from "./chain.ts";
import { LikelyStart } from "./likely-start.tsx";
import { UrgentPrice } from "./urgent-price.tsx";
import type { Move } from "./use-move.ts";
import classes from "./queue.module.css";

const classLooks = {
  urgent: { tone: "warn", icon: "up" },
  normal: { tone: "quiet", icon: "ring" },
  idle: { tone: "quiet", icon: "down" },
} as const;

interface Props {
  entry: QueueEntry;
  entries: ReadonlyMap<string, QueueEntry>;
  row: ReturnType<typeof useRows>;
  chosen: Chosen;
  move: (runId: string, to: Move) => void;
}

export function QueueRow({ entry, entries, row, chosen, move }: Props) {
  const [open, setOpen] = useState(false);
  const more = useId();
  const { runId: id, kind, waiting } = entry;
  if (id === undefined || kind === undefined) return <OtherRow entry={entry} />;
  const isChosen = chosen.ids.has(id);
  const [first] = entry.blockers ?? [];
  const title = titleOf({ ...entry, kind });
  const titles = titlesOf(entry, entries);
  return (
    <>
      <tr {...row(id)} className={isChosen ? cells.chosen : undefined}>
        <td>
          <input
            type="checkbox"
            checked={isChosen}
            onChange={() => chosen.toggle(id)}
            aria-label={`Choose ${title}`}
          />
        </td>
        <td className={cells.number}>{entry.position ?? "–"}</td>
        <th scope="row">
          <RunLink run={{ ...entry, id, kind }} />
          {entry.experiment !== undefined && <span className={cells.quiet}> {entry.experiment}</span>}
        </th>
        <td>{entry.model ?? "–"}</td>
        <td>
          <Badge {...classLooks[entry.class]}>{entry.class}</Badge>
        </td>
        <td>{entry.user ?? "–"}</td>
        <td className={cells.wide}>
          {first ? (
            <BlockerLine blocker={first} />
          ) : (
            <RunText text={waiting?.detail ?? "It was just queued."} titles={titles} />
          )}
        </td>
        <td>
          <LikelyStart waiting={waiting} />
        </td>
        <td className={cells.number}>
          <Ago at={entry.queuedAt} suffix={false} />
        </td>
        <td className={cells.number}>
          <Button look="bare" onPress={() => setOpen(!open)} pressed={open} label={`Why ${title} waits`}>
            <Icon name={open ? "less" : "more"} />
          </Button>
        </td>
      </tr>
      {entry.dependents && entry.dependents.length > 0 && <Dependents of={entry.dependents} />}
      {open && (
        <tr id={more}>
          <td colSpan={10} className={classes.more}>
            <Why entry={{ ...entry, runId: id }} entries={entries} />
            <div className={classes.moves}>
              {entry.state === "QUEUED" &&
                moves.map(({ to, word }) => (
                  <Button key={to} onPress={() => move(id, to)} label={`Move ${title} ${word}`}>
                    {word}
                  </Button>
                ))}
              <RunActions
                run={{
                  id,
                  kind,
                  state: entry.state ?? "QUEUED",
                  held: waiting?.reason.code === "held",
                  class: entry.class,
                }}
              />
            </div>
          </td>
        </tr>
      )}
    </>
  );
}

/** A run of another team, of which only its place is told. */
const OtherRow = ({ entry }: { entry: QueueEntry }) => (
  <tr className={cells.quiet}>
    <td />
    <td className={cells.number}>{entry.position ?? "–"}</td>
    <td>of another team</td>
    <td>–</td>
    <td>{entry.class}</td>
    <td>–</td>
    <td>–</td>
    <td>–</td>
    <td className={cells.number}>
      <Ago at={entry.queuedAt} suffix={false} />
    </td>
    <td />
  </tr>
);

/** Runs that follow a waiting one are named below it; more than these are counted. */
const mostNamed = 4;

/** What needs the result of a waiting run. */
const Dependents = ({ of }: { of: NonNullable<QueueEntry["dependents"]> }) => (
  <tr className={classes.dependents}>
    <td />
    <td />
    <td colSpan={8}>
      <span aria-hidden="true">↳ </span>
      <span className="said">Then: </span>
      {of.slice(0, mostNamed).map((each, i) => (
        <span key={each.runId}>
          {i > 0 && ", "}
          <RunLink run={{ ...each, id: each.runId }} />
        </span>
      ))}
      {of.length > mostNamed && ` and ${of.length - mostNamed} more`}
    </td>
  </tr>
);

/** What runs of the queue, and those before an entry, are called. */
function titlesOf(entry: QueueEntry, entries: ReadonlyMap<string, QueueEntry>): ReadonlyMap<string, string> {
  const titles = new Map((entry.blockers ?? []).map((each) => [each.runId, titleOf(each)]));
  for (const [id, { kind, ...each }] of entries) if (kind) titles.set(id, titleOf({ ...each, kind }));
  return titles;
}

const moves = [
  { to: "first", word: "to the front" },
  { to: "up", word: "up" },
  { to: "down", word: "down" },
  { to: "last", word: "to the end" },
] as const;

function Why({ entry, entries }: { entry: QueueEntry & { runId: string } } & Pick<Props, "entries">) {
  const { waiting } = entry;
  const chain = chainOf(entry, entries);
  const titles = titlesOf(entry, entries);
  return (
    <div className={classes.why}>
      {waiting && (
        <p>
          <RunText text={waiting.detail} titles={titles} />
        </p>
      )}
      {chain.length > 0 && <Chain links={chain} />}
      {waiting && waiting.unblockedBy.length > 0 && (
        <p>
          It starts when{" "}
          <RunText text={waiting.unblockedBy.map(explainUnblock).join(", or when ")} titles={titles} />.
        </p>
      )}
      <UrgentPrice entry={entry} />
    </div>
  );
}

const Chain = ({ links }: { links: readonly Link[] }) => (
  <ul className={classes.chain}>
    {links.map(({ blocker, behind }) => (
      <li key={blocker.runId}>
        <BlockerLine blocker={blocker} />
        {behind.length > 0 && <Chain links={behind} />}
      </li>
    ))}
  </ul>
);
