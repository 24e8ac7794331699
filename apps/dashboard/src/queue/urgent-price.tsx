import type { Attempt, Plan, PlannedRun, PlanRequest, QueueEntry, Run } from "@espalier/contract";
import { useQuery } from "@tanstack/react-query";
import { get, send } from "../api/request.ts";
import { Button } from "../elements/button.tsx";
import { duration } from "../elements/format.ts";
import { ProblemNote } from "../elements/problem-note.tsx";
import { useNow } from "../elements/time.tsx";
import { useAction } from "../elements/use-action.ts";
import { titleOf } from "../runs/title.ts";
import { useMay } from "../session/use-me.ts";
import classes from "./queue.module.css";

/** A run that would be asked to save and leave. */
interface Leaving {
  title: string;
  /** Steps since its last checkpoint, which it computes again where it cannot save in time; undefined where it counts none. */
  steps: number | undefined;
}
interface Price {
  planned: PlannedRun | undefined;
  leaving: readonly Leaving[];
  others: number;
}

/** When a waiting run would start if it were urgent, and what that would cost others, as the planner says. */
export function UrgentPrice({ entry }: { entry: QueueEntry & { runId: string } }) {
  const { runId } = entry;
  const may = useMay("member");
  const now = useNow();
  const action = useAction();
  const { data, error, refetch } = useQuery({
    queryKey: ["price", runId],
    queryFn: ({ signal }) => priceOf(runId, signal),
    enabled: may && entry.class !== "urgent",
    staleTime: 30_000,
  });
  if (!may || entry.class === "urgent") return null;
  if (error) return <ProblemNote error={error} retry={() => void refetch()} />;
  if (!data) return <p className={classes.quiet}>What it would cost to make it urgent is asked …</p>;
  const start = data.planned?.expectedStart?.likely;
  const usual = entry.waiting?.expectedStart?.likely;
  const sooner = start !== undefined && (usual === undefined || Date.parse(start) < Date.parse(usual) - 1000);
  return (
    <p className={classes.price}>
      <strong>urgent</strong>
      <span>
        {start === undefined
          ? "no start can be told either"
          : sooner
            ? `${Date.parse(start) <= now + 1000 ? "at once" : `in ${duration(Date.parse(start) - now)}`}${costOf(data)}`
            : "no sooner"}
      </span>
      {sooner && (
        <Button
          disabled={action.isPending}
          onPress={() => action.mutate({ verb: "PATCH", path: `runs/${runId}`, json: { class: "urgent" } })}
        >
          Make it urgent
        </Button>
      )}
      {action.error && <ProblemNote error={action.error} />}
    </p>
  );
}

function costOf({ leaving, others }: Price): string {
  const costs = [
    ...leaving.map(({ title, steps }) =>
      steps === undefined
        ? `${title} makes room`
        : steps === 0
          ? `${title} makes room and loses no step`
          : `${title} loses ${steps} ${steps === 1 ? "step" : "steps"}`,
    ),
    ...(others > 0 ? [`${others} of another team ${others === 1 ? "makes" : "make"} room`] : []),
  ];
  return costs.length === 0 ? ", nobody makes room" : `, ${costs.join(", ")}`;
}

/** Asks the planner what would become of the same run in class urgent, and what those lose that would make room. */
async function priceOf(runId: string, signal: AbortSignal): Promise<Price> {
  const { spec, needs, limits, dependsOn } = await get<Run>(`runs/${runId}`, {}, signal);
  if (spec.kind === "import") return { planned: undefined, leaving: [], others: 0 };
  const asked: PlanRequest = {
    run: {
      spec,
      needs,
      class: "urgent",
      ...(limits && { limits }),
      ...(dependsOn.length > 0 && { dependsOn }),
    },
  };
  const { runs } = await send<Plan>("POST", "plan", asked);
  const planned = runs[0];
  const { runIds = [], others = 0 } = planned?.makesRoom ?? {};
  return { planned, leaving: await Promise.all(runIds.map((id) => leavingOf(id, signal))), others };
}

async function leavingOf(runId: string, signal: AbortSignal): Promise<Leaving> {
  const [run, { items }] = await Promise.all([
    get<Run>(`runs/${runId}`, {}, signal),
    get<{ items: Attempt[] }>(`runs/${runId}/attempts`, {}, signal),
  ]);
  const { checkpointStep, resumedStep } = items.at(-1) ?? {};
  const isCounted = run.kind === "train" && run.progress?.unit === "steps";
  return {
    title: titleOf(run),
    steps: isCounted ? Math.max(0, run.progress!.done - (checkpointStep ?? resumedStep ?? 0)) : undefined,
  };
}
