import type { Model, Run } from "@espalier/contract";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { useResource } from "../api/use-resource.ts";
import { Button } from "../elements/button.tsx";
import { many } from "../elements/format.ts";
import { useAction } from "../elements/use-action.ts";
import { useMay } from "../session/use-me.ts";
import classes from "./model-page.module.css";

/** The tree that a model stands in: what it was made of, up to what was imported, and what was made of it. The rest is folded. */
export function Lineage({ model, models }: { model: Model; models: readonly Model[] }) {
  const all = new Map([...models, model].map((each) => [each.id, each]));
  const path: string[] = [model.id];
  for (
    let at = model.baseModelId;
    at !== undefined && all.has(at) && !path.includes(at);
    at = all.get(at)?.baseModelId
  )
    path.unshift(at);
  const root = all.get(path[0]!);
  return root ? (
    <ul className={classes.tree}>
      <Node model={root} all={[...all.values()]} path={path} at={model.id} />
    </ul>
  ) : null;
}

interface NodeProps {
  model: Model;
  all: readonly Model[];
  path: readonly string[];
  at: string;
}

function Node({ model, all, path, at }: NodeProps) {
  const [open, setOpen] = useState(false);
  const children = all.filter(({ baseModelId }) => baseModelId === model.id);
  const shown = children.filter(({ id }) => open || model.id === at || path.includes(id));
  const folded = children.length - shown.length;
  return (
    <li>
      <div className={classes.node} aria-current={model.id === at ? "true" : undefined}>
        <Link href={`/models/${model.id}`}>{model.name}</Link>
        {model.architecture && (
          <span className={classes.quiet}>
            {model.architecture.layers} layers, {many(model.architecture.parameters)}
          </span>
        )}
        {model.runId !== undefined && <Again runId={model.runId} />}
        {folded > 0 && (
          <Button look="bare" onPress={() => setOpen(true)}>
            and {folded} more
          </Button>
        )}
      </div>
      {shown.length > 0 && (
        <ul className={classes.tree}>
          {shown.map((each) => (
            <Node key={each.id} model={each} all={all} path={path} at={at} />
          ))}
        </ul>
      )}
    </li>
  );
}

/** Runs again what made a model. */
function Again({ runId }: { runId: string }) {
  const { data: run } = useResource<Run>(`runs/${runId}`);
  const action = useAction<Run>();
  const [, go] = useLocation();
  const may = useMay("member");
  if (!run) return null;
  return (
    <>
      <Link href={`/runs/${runId}`} className={classes.quiet}>
        by {run.kind}
      </Link>
      {may && run.kind !== "import" && (
        <Button
          look="bare"
          disabled={action.isPending}
          {...(action.error && { title: action.error.message })}
          onPress={() =>
            void action.mutateAsync({ verb: "POST", path: `runs/${runId}/clone`, json: {} }).then(
              ({ id }) => go(`/runs/${id}`),
              () => undefined,
            )
          }
        >
          {action.error ? "was refused" : "Run again"}
        </Button>
      )}
    </>
  );
}
