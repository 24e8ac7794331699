import type { Page, Run } from "@espalier/contract";
import { useMemo, useState } from "react";
import { Link } from "wouter";
import { useResource } from "../api/use-resource.ts";
import { Button } from "../elements/button.tsx";
import { shortId } from "../elements/format.ts";
import { Frame } from "../elements/panel.tsx";
import { cells, Table } from "../elements/table.tsx";
import { titleOf } from "../runs/title.ts";
import { flatten } from "./settings.ts";
import classes from "./settings-panel.module.css";

const settingsOf = (run: Run) => flatten(run.resolved ?? run.spec);
/** Every spec has it, and it differs only where nothing else can be compared. */
const never = new Set(["kind"]);

/** A run's settings as the difference to the run that it repeats, else to one like it, and on demand all of them with their defaults. */
export function SettingsPanel({ run }: { run: Run }) {
  const [all, setAll] = useState(false);
  const [chosen, setChosen] = useState<string>();
  const { data } = useResource<Page<Run>>("runs", { query: { kind: run.kind, limit: 30 } });
  const { data: origin } = useResource<Run>(`runs/${run.clonedFrom}`, {
    enabled: run.clonedFrom !== undefined,
  });
  const others = useMemo(
    () => [
      ...(origin ? [origin] : []),
      ...parentsOf(run, data?.items ?? []).filter(({ id }) => id !== origin?.id),
    ],
    [run, data, origin],
  );
  const parent = others.find(({ id }) => id === chosen) ?? others[0];
  const [asked, own] = useMemo(() => [flatten(run.spec), settingsOf(run)], [run]);
  const base = useMemo(() => parent && settingsOf(parent), [parent]);
  const names = [...new Set([...own.keys(), ...(base?.keys() ?? [])])].filter((name) => !never.has(name));
  const differs = (name: string): boolean => base !== undefined && own.get(name) !== base.get(name);
  const shown = names.filter((name) => all || (base ? differs(name) : asked.has(name)));
  return (
    <Frame
      title="Settings"
      aside={
        <>
          {parent && (
            <label>
              against{" "}
              <select
                value={parent.id}
                onChange={({ target }) => setChosen(target.value)}
                className={classes.field}
              >
                {others.map((each) => (
                  <option key={each.id} value={each.id}>
                    {titleOf(each)} …{shortId(each.id)}
                  </option>
                ))}
              </select>
            </label>
          )}
          <Button pressed={all} onPress={() => setAll(!all)}>
            All
          </Button>
        </>
      }
    >
      {shown.length === 0 && parent ? (
        <p className={classes.same}>
          The same as <Link href={`/runs/${parent.id}`}>{titleOf(parent)}</Link>.
        </p>
      ) : (
        <Table
          label="Settings"
          columns={["Setting", "Value", ...(base ? [`Of ${titleOf(parent!)}`] : []), "From"]}
        >
          {shown.map((name) => (
            <tr key={name} className={all && differs(name) ? cells.chosen : undefined}>
              <th scope="row">
                <code>{name}</code>
              </th>
              <td className={classes.value}>{own.get(name) ?? "–"}</td>
              {base && <td className={`${classes.value} ${cells.quiet}`}>{base.get(name) ?? "–"}</td>}
              <td className={cells.quiet}>{asked.has(name) ? "the submission" : "default"}</td>
            </tr>
          ))}
        </Table>
      )}
    </Frame>
  );
}

/** Runs of the same kind that were made before, those of the same experiment first, then the newest. */
function parentsOf(run: Run, runs: readonly Run[]): Run[] {
  const near = (each: Run): number =>
    run.experimentId !== undefined && each.experimentId === run.experimentId && each.role === run.role
      ? 0
      : 1;
  return runs
    .filter(({ id, createdAt }) => id !== run.id && createdAt <= run.createdAt)
    .sort((a, b) => near(a) - near(b));
}
