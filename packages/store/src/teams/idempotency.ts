import { Problem } from "@espalier/contract";
import { changesNothing } from "../audit/acts.ts";
import type { Database, Transaction } from "../database/database.ts";
import { toJson } from "../database/json.ts";

export interface Response {
  status: number;
  body: unknown;
}

export interface Idempotency {
  /**
   * Runs `work` in a transaction, and stores its response under the team and the key in the same transaction. A client that
   * did not get the answer asks again and gets the stored one. A call with the same key at the same time waits for the first.
   * Throws `idempotency/mismatch` when the key was used with another request. `work` may run again after a deadlock, so it
   * must do nothing outside the transaction.
   */
  once(
    request: { teamId: string; key: string; hash: string },
    work: (tx: Transaction) => Promise<Response>,
  ): Promise<Response & { replayed: boolean }>;
  /** Deletes responses that are older than this (default: a day), and returns how many. */
  sweep(olderThanSeconds?: number): Promise<number>;
}

export function createIdempotency({ transaction, query }: Database): Idempotency {
  return {
    once({ teamId, key, hash }, work) {
      return transaction(async (tx) => {
        for (;;) {
          // Waits while another transaction with this key is open.
          const { rowCount } = await tx.query(
            "insert into idempotency (team_id, key, request_hash) values ($1, $2, $3) on conflict do nothing",
            [teamId, key, hash],
          );
          if (rowCount === 1) break;
          const { rows } = await tx.query<Response & { request_hash: string }>(
            "select request_hash, status, body from idempotency where team_id = $1 and key = $2",
            [teamId, key],
          );
          const [earlier] = rows;
          // `sweep` has deleted it between the two statements.
          if (!earlier) continue;
          if (earlier.request_hash !== hash)
            throw new Problem(
              "idempotency/mismatch",
              "This Idempotency-Key belongs to another request; use a new key for a new request.",
            );
          changesNothing();
          return { status: earlier.status, body: earlier.body, replayed: true };
        }
        const response = await work(tx);
        await tx.query("update idempotency set status = $3, body = $4 where team_id = $1 and key = $2", [
          teamId,
          key,
          response.status,
          toJson(response.body),
        ]);
        return { ...response, replayed: false };
      });
    },

    async sweep(olderThanSeconds = 86_400) {
      const { rowCount } = await query(
        "delete from idempotency where created_at < now() - make_interval(secs => $1)",
        [olderThanSeconds],
      );
      return rowCount ?? 0;
    },
  };
}
