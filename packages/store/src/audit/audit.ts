import {
  momentOf,
  type AuditAction,
  type AuditEntry,
  type AuditQuery,
  type Author,
  type Page,
} from "@espalier/contract";
import type { Database } from "../database/database.ts";
import { byId } from "../database/cursor.ts";
import { pageLimit, toPage } from "../database/page.ts";
import { iso, present } from "../database/row.ts";
import { changesNothing, doAct } from "./acts.ts";

export interface AuditViewer {
  teamId: string;
  /** Sees also what operators have done, and what was done to the pool. */
  operator: boolean;
}

/** Who has changed what. Rows are written by the transactions of the changes, and never changed: see `acts.ts`. */
export interface Audit {
  doAct: typeof doAct;
  /** Tells that the open transaction only looks, so that an act which changes nothing is not recorded. */
  onlyLooks(): void;
  /** Newest first. */
  list(viewer: AuditViewer, query?: AuditQuery): Promise<Page<AuditEntry>>;
}

interface Row {
  id: string;
  at: Date;
  action: AuditAction;
  author: Author;
  operator: boolean;
  subjectKind: string;
  subjectId: string | null;
  change: Record<string, unknown>;
  requestId: string | null;
  address: string | null;
}

export const createAudit = ({ query: ofTeam, allTeams }: Database): Audit => ({
  doAct,
  onlyLooks: changesNothing,
  async list({ teamId, operator }, { limit: wanted, cursor, action, subject, user, key, since, until } = {}) {
    const limit = pageLimit(wanted);
    const [after, before] = [since, until].map((time) => time && momentOf(time));
    const query = operator ? allTeams.query : ofTeam;
    const { rows } = await query<Row>(
      `select id, at, action, author, operator, subject_kind as "subjectKind", subject_id as "subjectId", change,
         request_id as "requestId", address
       from audit where (team_id = $1 or $2 and (operator or team_id is null))
         and ($3::text is null or id < $3) and ($4::text is null or action = $4) and ($5::text is null or subject_id = $5)
         and ($6::text is null or author ->> 'user' = $6) and ($7::text is null or author -> 'key' ->> 'id' = $7)
         and ($8::timestamptz is null or at >= $8) and ($9::timestamptz is null or at < $9)
       order by id desc limit $10`,
      [teamId, operator, byId.read(cursor)[0], action, subject, user, key, after, before, limit + 1],
    );
    return toPage(rows, limit, toEntry, ({ id }) => id);
  },
});

const toEntry = ({ subjectKind, subjectId, author, requestId, address, at, ...row }: Row): AuditEntry => ({
  id: row.id,
  at: iso(at),
  action: row.action,
  by: author,
  subject: { kind: subjectKind, ...present({ id: subjectId }) },
  change: row.change,
  operator: row.operator,
  ...present({ requestId, address }),
});
