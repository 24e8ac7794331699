import type { Lineage as Tree, Run } from "@espalier/contract";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { useResource } from "../api/use-resource.ts";
import { StateBadge } from "../elements/badge.tsx";
import { Button } from "../elements/button.tsx";
import { many } from "../elements/format.ts";
import { Panel } from "../elements/panel.tsx";
import { useAction } from "../elements/use-action.ts";
import { useMay } from "../session/use-me.ts";
import classes from "./lineage.module.css";

type Related = Tree["models"][number];

/** The tree that a model stands in: what it came from, up to what was imported, and what came from it. The rest is folded. */
export function Lineage({ modelId }: { modelId: string }) {
  const query = useResource<Tree>(`models/${modelId}/lineage`);
  return (
    <Panel title="Lineage" query={query} rows={3}>
      {({ models, complete }) => {
        const ids = new Set(models.map(({ id }) => id));
        const root = models.find(({ baseModelId }) => baseModelId === undefined || !ids.has(baseModelId));
        return (
          <>
            {root && (
              <ul className={classes.tree}>
                <Node model={root} all={models} at={modelId} />
              </ul>
            )}
            {!complete && <p className={classes.quiet}>There are more, further away, which are not shown.</p>}
          </>
        );
      }}
    </Panel>
  );
}

function Node({ model, all, at }: { model: Related; all: readonly Related[]; at: string }) {
  const [open, setOpen] = useState(false);
  const children = all.filter(({ baseModelId }) => baseModelId === model.id);
  // Ancestors have negative distances; what came from the model itself is shown one level deep.
  const shown = children.filter(({ distance }) => open || model.id === at || distance <= 0);
  const folded = children.length - shown.length;
  return (
    <li>
      <div className={classes.node} aria-current={model.id === at ? "true" : undefined}>
        <Link href={`/models/${model.id}`} className={classes.name}>
          {model.name}
        </Link>
        {model.layers !== undefined && (
          <span className={classes.quiet}>
            {model.layers} layers{model.parameters !== undefined && `, ${many(model.parameters)}`}
          </span>
        )}
        {model.run && <Maker run={model.run} />}
        {(folded > 0 || open) && (
          <Button
            look="bare"
            pressed={open}
            onPress={() => setOpen(!open)}
            label={`What came from ${model.name}`}
          >
            {open ? "Fold" : `+ ${folded}`}
          </Button>
        )}
      </div>
      {shown.length > 0 && (
        <ul className={classes.tree}>
          {shown.map((each) => (
            <Node key={each.id} model={each} all={all} at={at} />
          ))}
        </ul>
      )}
    </li>
  );
}

/** The run that made a model, which can be run again. */
function Maker({ run: { id, kind, state } }: { run: NonNullable<Related["run"]> }) {
  const action = useAction<Run>();
  const [, go] = useLocation();
  const may = useMay("member");
  const again = (): void =>
    void action.mutateAsync({ verb: "POST", path: `runs/${id}/clone`, json: {} }).then(
      (made) => go(`/runs/${made.id}`),
      () => undefined,
    );
  return (
    <>
      <Link href={`/runs/${id}`} className={classes.quiet}>
        by {kind}
      </Link>
      {state !== "SUCCEEDED" && <StateBadge state={state} />}
      {may && kind !== "import" && (
        <Button
          look="bare"
          disabled={action.isPending}
          {...(action.error && { title: action.error.message })}
          onPress={again}
        >
          {action.error ? "was refused" : "Run again"}
        </Button>
      )}
    </>
  );
}
