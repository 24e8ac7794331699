import type { Lease } from "@espalier/contract";
import type { Database, Transaction } from "../database/database.ts";
import type { Sealer } from "../secrets/sealer.ts";

/** Texts that only one run can read. They are stored sealed, and deleted when the run ends in any way. */
export interface Secrets {
  /** Throws `service/not-configured` when this process has no secret to seal with. */
  put(runId: string, text: string, tx: Transaction): Promise<void>;
  /**
   * The secret of a lease's run; undefined when it has none, or when the lease is lost. Throws `service/not-configured` when
   * this process cannot open it.
   */
  open(lease: Lease): Promise<string | undefined>;
}

export function createSecrets({ query }: Pick<Database, "query">, sealer: Sealer): Secrets {
  return {
    async put(runId, text, tx) {
      await tx.query("insert into run_secret (run_id, sealed) values ($1, $2)", [
        runId,
        sealer.seal(text, runId),
      ]);
    },
    async open({ runId, attempt, workerId }) {
      const { rows } = await query<{ sealed: Buffer | null }>("select secret_of($1, $2, $3) as sealed", [
        runId,
        attempt,
        workerId,
      ]);
      const { sealed } = rows[0]!;
      return sealed === null ? undefined : sealer.open(sealed, runId);
    },
  };
}
