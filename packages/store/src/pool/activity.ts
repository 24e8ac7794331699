import { priorityClasses, type Overview, type PriorityClass } from "@espalier/contract";
import type { Database } from "../database/database.ts";
import { iso, present } from "../database/row.ts";

export type Activity = Pick<Overview, "queue" | "ended">;

export interface Activities {
  /** What waits and computes, by class, and what of a team's has ended in the last 24 hours. */
  read(teamId: string): Promise<Activity>;
}

export const createActivities = ({ query }: Pick<Database, "query">): Activities => ({
  async read(teamId) {
    const { rows } = await query<{
      class: PriorityClass;
      queued: number;
      own: number;
      running: number;
      oldest: Date | null;
    }>(
      `select class, (count(*) filter (where state = 'QUEUED'))::int as queued,
         (count(*) filter (where state = 'QUEUED' and team_id = $1))::int as own,
         (count(*) filter (where state in ('DISPATCHED', 'RUNNING')))::int as running,
         min(queued_at) filter (where state = 'QUEUED' and held_at is null) as oldest
       from run where state in ('QUEUED', 'DISPATCHED', 'RUNNING') group by class`,
      [teamId],
    );
    const { rows: hours } = await query<{ hour: Date; succeeded: number; failed: number }>(
      `select date_trunc('hour', ended_at) as hour, (count(*) filter (where state = 'SUCCEEDED'))::int as succeeded,
         (count(*) filter (where state in ('FAILED', 'QUARANTINED')))::int as failed
       from run where team_id = $1 and ended_at > now() - interval '24 hours' and state in ('SUCCEEDED', 'FAILED', 'QUARANTINED') group by 1 order by 1`,
      [teamId],
    );
    return {
      queue: priorityClasses.map((name) => {
        const {
          queued = 0,
          own = 0,
          running = 0,
          oldest = null,
        } = rows.find((row) => row.class === name) ?? {};
        return { class: name, queued, own, running, ...present({ oldest: oldest && iso(oldest) }) };
      }),
      ended: hours.map(({ hour, ...counts }) => ({ hour: iso(hour), ...counts })),
    };
  },
});
