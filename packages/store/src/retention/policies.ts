import { Problem, type Retention, type RetentionChange } from "@espalier/contract";
import type { Database } from "../database/database.ts";
import { found } from "../database/row.ts";

/** How long each team's data is kept. */
export interface Policies {
  get(teamName: string): Promise<Retention>;
  /** A field that is left out stays as it is. Throws `request/invalid` where nothing is given. */
  change(teamName: string, change: RetentionChange): Promise<Retention>;
}

const columns = `keep_checkpoints as checkpoints, keep_files as files, keep_logs as logs, keep_metrics as metrics, keep_events as events`;
const columnOf = {
  checkpoints: "keep_checkpoints",
  files: "keep_files",
  logs: "keep_logs",
  metrics: "keep_metrics",
  events: "keep_events",
} as const satisfies Record<keyof Retention, string>;

export function createPolicies({ query, transaction }: Pick<Database, "query" | "transaction">): Policies {
  return {
    async get(teamName) {
      const { rows } = await query<Retention>(`select ${columns} from team where name = $1`, [teamName]);
      return found(rows[0], "team", teamName);
    },
    async change(teamName, change) {
      const given = (Object.keys(columnOf) as (keyof Retention)[]).filter(
        (field) => change[field] !== undefined,
      );
      if (given.length === 0)
        throw new Problem("request/invalid", "Nothing is to change; say how many days something is kept.", {
          field: "",
        });
      const assignments = given.map((field, i) => `${columnOf[field]} = $${i + 2}`);
      return transaction(async (tx) => {
        const { rows } = await tx.query<Retention>(
          `update team set ${assignments.join(", ")} where name = $1 returning ${columns}`,
          [teamName, ...given.map((field) => change[field])],
        );
        return found(rows[0], "team", teamName);
      });
    },
  };
}
