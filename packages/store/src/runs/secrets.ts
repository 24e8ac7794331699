import { Problem, type Lease } from "@espalier/contract";
import type { Database, Transaction } from "../database/database.ts";
import { Seal } from "./seal.ts";

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

const notConfigured = (detail: string, cause?: unknown): Problem =>
  new Problem("service/not-configured", detail, {}, { cause });

/** @param secret ESPALIER_SECRET */
export function createSecrets({ prisma }: Database, secret: string | undefined): Secrets {
  const seal = secret === undefined ? undefined : new Seal(secret);
  return {
    async put(runId, text, tx) {
      if (!seal)
        throw notConfigured(
          "The service keeps no tokens, because it has no ESPALIER_SECRET; set it on the API and the workers.",
        );
      await tx.query("insert into run_secret (run_id, sealed) values ($1, $2)", [
        runId,
        seal.seal(text, runId),
      ]);
    },
    async open({ runId, attempt, workerId }) {
      const row = await prisma.runSecret.findUnique({
        where: { runId, run: { attempt, leaseOwner: workerId, state: "RUNNING" } },
      });
      if (!row) return undefined;
      try {
        if (seal) return seal.open(row.sealed, runId);
      } catch (cause) {
        throw notConfigured(
          "The worker cannot open the run's token: its ESPALIER_SECRET is not the API's.",
          cause,
        );
      }
      throw notConfigured("The worker cannot open the run's token: it has no ESPALIER_SECRET.");
    },
  };
}
