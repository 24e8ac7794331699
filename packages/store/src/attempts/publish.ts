import { normaliseName } from "@espalier/contract";
import { insertArtifacts } from "../artifacts/artifacts.ts";
import type { Transaction } from "../database/database.ts";
import { claimName } from "../database/names.ts";
import { toJson } from "../database/json.ts";
import type { Success } from "./leases.ts";
import { insertModel, insertModelFiles } from "../models/models.ts";

/** Registers what a successful attempt made, in the transaction that ends it. */
export async function publish(
  tx: Transaction,
  owner: { teamId: string; runId: string; attempt: number },
  { artifacts = [], model, architecture, files = [], source }: Success,
): Promise<void> {
  await insertArtifacts(tx, owner, artifacts);
  if (model) {
    const name = normaliseName(model.name);
    // What a run has made is kept, whoever took its name meanwhile; the name means what is newest, and the run's log says so.
    const replaced = await claimName(tx, "model", { teamId: owner.teamId, name, replace: true });
    await insertModel(tx, { ...owner, state: "READY", model: { ...model, name } });
    if (replaced !== undefined)
      await tx.query("insert into log_line (run_id, attempt, level, message) values ($1, $2, 'info', $3)", [
        owner.runId,
        owner.attempt,
        `The name ${name} means this model from now on; until now it meant ${replaced}.`,
      ]);
  }
  const { rows } = await tx.query<{ id: string }>(
    `update model set state = 'READY', architecture = coalesce($2::jsonb, architecture),
       source = coalesce($3::jsonb, source)
     where run_id = $1 and state = 'IMPORTING' returning id`,
    [owner.runId, ...[architecture, source].map((each) => (each === undefined ? null : toJson(each)))],
  );
  for (const { id } of rows) await insertModelFiles(tx, id, files);
  // The files of the upload are artifacts now; only its rows are deleted.
  await tx.query("delete from upload where model_id = any($1)", [rows.map(({ id }) => id)]);
}
