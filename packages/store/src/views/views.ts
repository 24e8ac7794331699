import {
  newId,
  normaliseName,
  Problem,
  type Author,
  type View,
  type ViewCreate,
  type ViewQuery,
} from "@espalier/contract";
import type { Database, Transaction } from "../database/database.ts";
import { toJson } from "../database/json.ts";
import { found, iso } from "../database/row.ts";

/** Views that one user keeps at most. */
const mostOfUser = 100;
/** Views that a list has at most: a user's own come first. */
const mostListed = 500;

interface Owner {
  teamId: string;
  author: Author;
}

/** Filters and columns of the dashboard's pages, each a user's own or shared with the team. */
export interface Views {
  /** Those of the user and those that are shared, by name. */
  list(owner: Owner, query?: ViewQuery): Promise<View[]>;
  /** Throws `resource/name-taken`, and `resource/conflict` where the user keeps as many as one may. */
  create(owner: Owner, view: ViewCreate, tx?: Transaction): Promise<View>;
  /** Throws `resource/name-taken`. It stays its maker's. */
  replace(teamId: string, viewId: string, view: ViewCreate): Promise<View>;
  remove(teamId: string, viewId: string): Promise<void>;
}

interface Row {
  id: string;
  name: string;
  page: View["page"];
  query: string;
  shared: boolean;
  createdBy: Author;
  createdAt: Date;
  changedAt: Date;
}

const columns = `id, name, page, query, shared, created_by as "createdBy", created_at as "createdAt", changed_at as "changedAt"`;

export const createViews = ({ query, transaction, within }: Database): Views => ({
  async list({ teamId, author }, { page } = {}) {
    const { rows } = await query<Row>(
      `select ${columns} from saved_view where team_id = $1 and (shared or owner = $2) and ($3::text is null or page = $3)
       order by owner = $2 desc, name, id limit $4`,
      [teamId, author.user, page, mostListed],
    );
    return rows.map(toView);
  },
  create: ({ teamId, author }, { name, page, query: kept, shared = false }, tx) =>
    within(tx, async (tx) => {
      await lockViews(tx, teamId);
      const { rows: own } = await tx.query<{ count: number }>(
        "select count(*)::int as count from saved_view where team_id = $1 and owner = $2",
        [teamId, author.user],
      );
      if (own[0]!.count >= mostOfUser)
        throw new Problem(
          "resource/conflict",
          `You keep ${mostOfUser} views, which is as many as one may; delete one first.`,
        );
      await refuseTaken(tx, { teamId, owner: author.user, name, page });
      const { rows } = await tx.query<Row>(
        `insert into saved_view (id, team_id, owner, name, page, query, shared, created_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8) returning ${columns}`,
        [newId("view"), teamId, author.user, normaliseName(name), page, kept, shared, toJson(author)],
      );
      return toView(rows[0]!);
    }),
  replace: (teamId, viewId, { name, page, query: kept, shared = false }) =>
    transaction(async (tx) => {
      await lockViews(tx, teamId);
      const { rows: old } = await tx.query<{ owner: string }>(
        "select owner from saved_view where id = $1 and team_id = $2",
        [viewId, teamId],
      );
      const { owner } = found(old[0], "view", viewId);
      await refuseTaken(tx, { teamId, owner, name, page, but: viewId });
      const { rows } = await tx.query<Row>(
        `update saved_view set name = $3, page = $4, query = $5, shared = $6, changed_at = now()
         where id = $1 and team_id = $2 returning ${columns}`,
        [viewId, teamId, normaliseName(name), page, kept, shared],
      );
      return toView(rows[0]!);
    }),
  remove: (teamId, viewId) =>
    transaction(async (tx) => {
      const { rows } = await tx.query<{ id: string }>(
        "delete from saved_view where id = $1 and team_id = $2 returning id",
        [viewId, teamId],
      );
      found(rows[0], "view", viewId);
    }),
});

/** Who makes views at the same moment comes one after the other, so that neither names nor numbers are exceeded. */
const lockViews = (tx: Transaction, teamId: string) =>
  tx.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [`espalier views ${teamId}`]);

async function refuseTaken(
  tx: Transaction,
  {
    teamId,
    owner,
    name,
    page,
    but,
  }: { teamId: string; owner: string; name: string; page: string; but?: string },
): Promise<void> {
  const { rows } = await tx.query<{ id: string }>(
    `select id from saved_view where team_id = $1 and owner = $2 and page = $3 and name = $4 and id is distinct from $5`,
    [teamId, owner, page, normaliseName(name), but],
  );
  if (rows[0] === undefined) return;
  throw new Problem(
    "resource/name-taken",
    `The view ${rows[0].id} of this page has the name ${name}; choose another name, or change that one.`,
    { field: "/name" },
  );
}

const toView = ({ createdAt, changedAt, ...row }: Row): View => ({
  ...row,
  createdAt: iso(createdAt),
  changedAt: iso(changedAt),
});
