import type { Database } from "../database/database.ts";
import { found } from "../database/row.ts";

const maker = "t.created_by ->> 'user'";

/**
 * The name of the user that owns something, by noun: whoever made it. Of what was made before it was kept by whom, only a run has a user,
 * and a file has that of its run.
 */
const owners = {
  run: {
    table: "run",
    user: `coalesce(${maker}, (select u.name from team_user u where u.id = t.user_id))`,
  },
  artifact: {
    table: "artifact",
    user: "(select r.created_by ->> 'user' from run r where r.id = t.run_id)",
  },
  experiment: { table: "experiment", user: maker },
  array: { table: "run_array", user: maker },
  model: { table: "model", user: maker },
  schedule: { table: "schedule", user: maker },
  dataset: { table: "dataset", user: maker },
  upload: { table: "upload", user: maker },
  view: { table: "saved_view", user: maker },
} as const;

export type OwnedNoun = keyof typeof owners;

export interface Owners {
  /** Whose it is; undefined for what is nobody's. Throws `resource/not-found`, as for what belongs to another team. */
  of(noun: OwnedNoun, teamId: string, id: string): Promise<string | undefined>;
}

export const createOwners = ({ query }: Database): Owners => ({
  async of(noun, teamId, id) {
    const { table, user } = owners[noun];
    const { rows } = await query<{ user: string | null }>(
      `select ${user} as "user" from "${table}" t where t.team_id = $1 and t.id = $2`,
      [teamId, id],
    );
    return found(rows[0], noun, id).user ?? undefined;
  },
});
