import { AsyncLocalStorage } from "node:async_hooks";
import { newId, type AuditAction, type Author } from "@espalier/contract";
import type { Transaction } from "../database/database.ts";
import { toJson } from "../database/json.ts";

/** What somebody does by one request, as the audit log keeps it. */
export interface Act {
  action: AuditAction;
  by: Author;
  /** With the rights of an operator. */
  operator: boolean;
  /** Whose matter it is; undefined for the pool's. `name` is for a team that may have been made by the request itself. */
  team: { id: string } | { name: string } | undefined;
  subject: { kind: string; id?: string };
  /** Small, and without secrets. */
  change: Record<string, unknown>;
  requestId?: string;
  address?: string;
  /** The id of what the transaction has made, from what its work returned. */
  made?: (result: unknown) => string | undefined;
}

interface Doing {
  act: Act;
  /** Its row is committed. */
  recorded: boolean;
  /** The transaction that is open changes nothing. */
  unchanged: boolean;
}

/**
 * Who does what at the moment. It is read in one place, `recordAct`, which the one function that opens a transaction calls before
 * each commit, so that no function of the store can change something and forget to record it. What runs outside a request, such
 * as the scheduler, has no act.
 */
const current = new AsyncLocalStorage<Doing>();

/**
 * Does `work` as an act: the first transaction in it that commits also writes the act's row.
 * @returns what `work` returned, and whether all that it changed was recorded
 */
export async function doAct<T>(
  act: Act,
  work: () => T | Promise<T>,
): Promise<{ result: T; recorded: boolean }> {
  const doing: Doing = { act, recorded: false, unchanged: false };
  const result = await current.run(doing, async () => work());
  return { result, recorded: doing.recorded || doing.unchanged };
}

/** Tells that the open transaction only looks: it answers what an earlier one has done, or what would be done. */
export function changesNothing(): void {
  const doing = current.getStore();
  if (doing) doing.unchanged = true;
}

/** For the one function that opens transactions: each try begins anew. */
export function beginAct(): void {
  const doing = current.getStore();
  if (doing) doing.unchanged = false;
}

/** Writes the act's row, unless that was done. Call the result after the commit. */
export async function recordAct(tx: Transaction, result: unknown): Promise<() => void> {
  const doing = current.getStore();
  if (doing === undefined || doing.recorded || doing.unchanged) return () => undefined;
  const { act } = doing;
  const made = act.made?.(result);
  await writeAct(tx, made === undefined ? act : { ...act, subject: { ...act.subject, id: made } });
  return () => (doing.recorded = true);
}

/** Writes one row of the audit log, in the transaction of the change. */
export async function writeAct(
  tx: Transaction,
  { action, by, operator, team, subject, change, requestId, address }: Act,
): Promise<void> {
  // An operator revokes keys of other teams too: that is their matter. Whoever acts for one team may not look at keys.
  const teamOfKey = subject.kind === "key" ? "(select team_id from api_key where id = $8), " : "";
  await tx.query(
    `insert into audit (id, team_id, operator, action, author, subject_kind, subject_id, change, request_id, address)
     values ($1, coalesce(${teamOfKey}$2, (select id from team where name = $3)), $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      newId("audit"),
      team && "id" in team ? team.id : null,
      team && "name" in team ? team.name : null,
      operator,
      action,
      toJson(by),
      subject.kind,
      subject.id ?? null,
      toJson(change),
      requestId ?? null,
      address ?? null,
    ],
  );
}
