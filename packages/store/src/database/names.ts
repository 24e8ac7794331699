import { Problem } from "@espalier/contract";
import type { Transaction } from "./database.ts";

interface Holder {
  teamId: string;
  /** As `normaliseName` gives it. */
  name: string;
}

/** Lets transactions that want one name of a team come one after the other, so that the later one sees what the earlier did. */
export async function lockName(
  tx: Transaction,
  noun: "dataset" | "model",
  { teamId, name }: Holder,
): Promise<void> {
  await tx.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [
    `espalier name ${noun} ${teamId} ${name}`,
  ]);
}

/**
 * Makes a name free for the one that is inserted next in this transaction. A unique index holds it: of the rows of a name at most one
 * has no `replaced_at`.
 * @returns the id of the one that had the name until now
 * @throws {Problem} `resource/name-taken` where another has it and is not to be replaced
 */
export async function takeName(
  tx: Transaction,
  noun: "dataset" | "model",
  { teamId, name, replace }: Holder & { replace: boolean },
): Promise<string | undefined> {
  const { rows } = await tx.query<{ id: string }>(
    `select id from ${noun} where team_id = $1 and name = $2 and replaced_at is null for update`,
    [teamId, name],
  );
  const [holder] = rows;
  if (holder === undefined) return undefined;
  if (!replace)
    throw new Problem(
      "resource/name-taken",
      `The ${noun} ${holder.id} has the name ${name}; choose another name, or ask for replace, so that the name means the new one.`,
      { field: "/name" },
    );
  await tx.query(`update ${noun} set replaced_at = now() where id = $1`, [holder.id]);
  return holder.id;
}

/** {@link lockName}, then {@link takeName}: for whoever need not look at the holder in between. */
export async function claimName(
  tx: Transaction,
  noun: "dataset" | "model",
  holder: Holder & { replace: boolean },
): Promise<string | undefined> {
  await lockName(tx, noun, holder);
  return takeName(tx, noun, holder);
}
