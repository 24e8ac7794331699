import type { QueueEntry } from "@espalier/contract";
import { useId, useState } from "react";
import { Badge } from "../elements/badge.tsx";
import { Button } from "../elements/button.tsx";
import { Icon } from "../elements/icon.tsx";
import { cells } from "../elements/table.tsx";
import { Ago } from "../elements/time.tsx";
import type { useRows } from "../elements/use-rows.ts";
import { RunActions } from "../runs/run-actions.tsx";
import { RunLink } from "../runs/run-link.tsx";
import { titleOf } from "../runs/title.ts";
import type { Chosen } from "../runs/use-chosen.ts";
import { BlockerLine, helpOf } from "./blocker-line.tsx";
import { chainOf, type Link } from "./chain.ts";
import { LikelyStart } from "./likely-start.tsx";
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
}

export function QueueRow({ entry, entries, row, chosen }: Props) {
  const [open, setOpen] = useState(false);
  const more = useId();
  const { runId: id, kind, waiting } = entry;
  if (id === undefined || kind === undefined) return <OtherRow entry={entry} />;
  const isChosen = chosen.ids.has(id);
  const [first] = entry.blockers ?? [];
  return (
    <>
      <tr {...row(id)} className={isChosen ? cells.chosen : undefined}>
        <td>
          <input
            type="checkbox"
            checked={isChosen}
            onChange={() => chosen.toggle(id)}
            aria-label={`Choose ${titleOf({ ...entry, kind })}`}
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
          {first ? <BlockerLine blocker={first} /> : (waiting?.detail ?? "It was just queued.")}
        </td>
        <td>
          <LikelyStart waiting={waiting} />
        </td>
        <td className={cells.number}>
          <Ago at={entry.queuedAt} suffix={false} />
        </td>
        <td className={cells.number}>
          <Button
            look="bare"
            onPress={() => setOpen(!open)}
            pressed={open}
            label={`Why ${titleOf({ ...entry, kind })} waits`}
          >
            <Icon name={open ? "up" : "down"} />
          </Button>
        </td>
      </tr>
      {open && (
        <tr id={more}>
          <td colSpan={10} className={classes.more}>
            <Why entry={entry} entries={entries} />
            <RunActions
              run={{
                id,
                kind,
                state: entry.state ?? "QUEUED",
                held: waiting?.reason.code === "held",
                class: entry.class,
              }}
            />
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

function Why({ entry, entries }: Pick<Props, "entry" | "entries">) {
  const { waiting } = entry;
  const chain = chainOf(entry, entries);
  return (
    <div className={classes.why}>
      <p>{waiting?.detail}</p>
      {chain.length > 0 && <Chain links={chain} />}
      {waiting && waiting.unblockedBy.length > 0 && (
        <p>
          What would help: <strong>{waiting.unblockedBy.map(helpOf).join("; or ")}</strong>
        </p>
      )}
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
