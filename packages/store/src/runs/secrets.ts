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

export function createSecrets({ prisma }: Database, sealer: Sealer): Secrets {
  return {
    async put(runId, text, tx) {
      await tx.query("insert into run_secret (run_id, sealed) values ($1, $2)", [
        runId,
        sealer.seal(text, runId),
      ]);
    },
    async open({ runId, attempt, workerId }) {
      const row = await prisma.runSecret.findUnique({
        where: { runId, run: { attempt, leaseOwner: workerId, state: "RUNNING" } },
      });
      return row ? sealer.open(row.sealed, runId) : undefined;
    },
  };
}
