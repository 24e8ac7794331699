import type { Page as Pages, Schedule } from "@espalier/contract";
import { Link } from "wouter";
import { useResource } from "../api/use-resource.ts";
import { Badge } from "../elements/badge.tsx";
import { Button } from "../elements/button.tsx";
import { Empty } from "../elements/empty.tsx";
import { Panel } from "../elements/panel.tsx";
import { cells, Table } from "../elements/table.tsx";
import { Ago } from "../elements/time.tsx";
import { useAction } from "../elements/use-action.ts";
import { useMay } from "../session/use-me.ts";

/** Submissions that repeat: when they are due, what came of the last one, and whether they are paused. */
export function SchedulesPanel() {
  const query = useResource<Pages<Schedule>>("schedules", { query: { limit: 200 } });
  return (
    <Panel title="Schedules" query={query} rows={3}>
      {({ items }) =>
        items.length === 0 ? (
          <Empty
            title="Nothing is submitted by the calendar."
            command='espalier schedule add weekly --cron "0 3 * * 1" --timezone Europe/Berlin --experiment first'
          />
        ) : (
          <Table
            label="Schedules"
            columns={[
              "Schedule",
              "State",
              "When",
              "Submits",
              { name: "Next", number: true },
              "Last",
              { name: "Actions", hidden: true },
            ]}
          >
            {items.map((schedule) => (
              <Row key={schedule.id} schedule={schedule} />
            ))}
          </Table>
        )
      }
    </Panel>
  );
}

function Row({
  schedule: { id, name, enabled, problem, cron, timezone, submission, nextAt, last },
}: {
  schedule: Schedule;
}) {
  const action = useAction();
  const may = useMay("member");
  const made =
    last?.experimentId === undefined
      ? last?.runId && `/runs/${last.runId}`
      : `/experiments/${last.experimentId}`;
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>
        {problem ? (
          <Badge tone="bad" icon="alert" title={problem.detail}>
            refused
          </Badge>
        ) : enabled ? (
          <Badge tone="good" icon="check">
            on
          </Badge>
        ) : (
          <Badge tone="quiet" icon="pause">
            paused
          </Badge>
        )}
      </td>
      <td>
        <code>{cron}</code> <span className={cells.quiet}>{timezone}</span>
      </td>
      <td>
        {"experiment" in submission
          ? `the experiment ${submission.experiment.name}`
          : `a run: ${submission.run.spec.kind}`}
      </td>
      <td className={cells.number}>{nextAt === undefined ? "–" : <Ago at={nextAt} />}</td>
      <td>
        {last ? (
          <>
            {made ? <Link href={made}>{last.outcome}</Link> : last.outcome} <Ago at={last.firedAt} />
          </>
        ) : (
          "–"
        )}
      </td>
      <td className={cells.number}>
        {may && (
          <Button
            look="bare"
            disabled={action.isPending}
            label={`${enabled ? "Pause" : "Resume"} ${name}`}
            onPress={() =>
              action.mutate({ verb: "POST", path: `schedules/${id}/${enabled ? "pause" : "resume"}` })
            }
          >
            {enabled ? "Pause" : "Resume"}
          </Button>
        )}
      </td>
    </tr>
  );
}
