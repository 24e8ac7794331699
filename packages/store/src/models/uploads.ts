import { isProblem, newId, Problem, type Author, type Upload } from "@espalier/contract";
import { toStored } from "../artifacts/artifacts.ts";
import { locations, type Bytes, type PutOptions, type StoredFile } from "../bytes/bytes.ts";
import type { Database, Transaction } from "../database/database.ts";
import { toJson } from "../database/json.ts";
import { found, iso, present } from "../database/row.ts";
import { admitBytes } from "../teams/space.ts";

export interface Uploads {
  create(teamId: string, createdBy?: Author, tx?: Transaction): Promise<Upload>;
  get(teamId: string, uploadId: string): Promise<Upload>;
  /** Stores one file, in place of an earlier one of this name. Throws `resource/conflict` when a model uses the upload, `team/out-of-space`. */
  putFile(
    teamId: string,
    uploadId: string,
    name: string,
    source: AsyncIterable<Uint8Array>,
    options?: PutOptions,
  ): Promise<Upload>;
  /** The files with their locations, so that they can be read before a model is made of them. */
  files(teamId: string, uploadId: string): Promise<StoredFile[]>;
  remove(teamId: string, uploadId: string): Promise<void>;
  /** Removes uploads that no model uses and that are older than this (default: a day), with their bytes. Returns how many. */
  sweep(olderThanSeconds?: number): Promise<number>;
}

export function createUploads({ prisma, query, transaction, within }: Database, bytes: Bytes): Uploads {
  const find = async (teamId: string, id: string) =>
    found(
      await prisma.upload.findFirst({
        where: { id, teamId },
        include: { files: { orderBy: { name: "asc" } } },
      }),
      "upload",
      id,
    );

  async function get(teamId: string, uploadId: string): Promise<Upload> {
    const { id, files, createdAt, createdBy } = await find(teamId, uploadId);
    return {
      id,
      files: files.map(({ name, bytes, sha256 }) => ({ name, bytes: Number(bytes), sha256 })),
      createdAt: iso(createdAt),
      ...present({ createdBy: createdBy as Author | null }),
    };
  }

  /** Removes an upload that the transaction has locked: no model can be made of it while its bytes are removed. */
  async function discard(tx: Transaction, uploadId: string): Promise<void> {
    await bytes.remove(`uploads/${uploadId}`);
    await tx.query("delete from upload where id = $1", [uploadId]);
  }

  return {
    create: (teamId, createdBy, tx) =>
      within(tx, async (tx) => {
        const id = newId("upload");
        const { rows } = await tx.query<{ at: Date }>(
          "insert into upload (id, team_id, created_by) values ($1, $2, $3) returning created_at as at",
          [id, teamId, createdBy === undefined ? null : toJson(createdBy)],
        );
        return { id, files: [], createdAt: iso(rows[0]!.at), ...present({ createdBy }) };
      }),
    get,
    async putFile(teamId, uploadId, name, source, options) {
      refuseUsed((await find(teamId, uploadId)).modelId);
      const part = newId("artifact").slice(-8);
      const stored = await bytes.put(locations.upload(uploadId, part, name), source, options);
      try {
        const replaced = await transaction(async (tx) => {
          await lockUpload(tx, teamId, uploadId);
          const before = (await uploadFiles(tx, uploadId)).find((file) => file.name === name);
          await tx.query(
            `insert into upload_file (upload_id, name, bytes, sha256, location) values ($1, $2, $3, $4, $5)
             on conflict (upload_id, name) do update
             set bytes = excluded.bytes, sha256 = excluded.sha256, location = excluded.location`,
            [uploadId, name, stored.bytes, stored.sha256, stored.location],
          );
          await admitBytes(tx, teamId);
          return before;
        });
        if (replaced) await bytes.remove(replaced.location);
      } catch (error) {
        // When the connection breaks, the transaction may have been committed; then the bytes are in use.
        if (!(isProblem(error) && error.code === "service/unavailable")) await bytes.remove(stored.location);
        throw error;
      }
      return get(teamId, uploadId);
    },
    async files(teamId, uploadId) {
      const { files } = await find(teamId, uploadId);
      return files.map((file) => ({ name: file.name, ...toStored(file) }));
    },
    remove: (teamId, uploadId) =>
      transaction(async (tx) => {
        await lockUpload(tx, teamId, uploadId);
        await discard(tx, uploadId);
      }),
    async sweep(olderThanSeconds = 86_400) {
      const { rows } = await query<{ id: string; team_id: string }>(
        `select id, team_id from upload
         where model_id is null and created_at < now() - make_interval(secs => $1)`,
        [olderThanSeconds],
      );
      let removed = 0;
      for (const { id } of rows)
        removed += await transaction(async (tx) => {
          const { rowCount } = await tx.query(
            "select 1 from upload where id = $1 and model_id is null for update skip locked",
            [id],
          );
          if (rowCount === 1) await discard(tx, id);
          return rowCount ?? 0;
        });
      return removed;
    },
  };
}

function refuseUsed(modelId: string | null): void {
  if (modelId !== null)
    throw new Problem("resource/conflict", `The upload has become model ${modelId}; make another upload.`);
}

/** Locks an upload. Throws `resource/not-found`, or `resource/conflict` when a model uses it. */
export async function lockUpload(tx: Transaction, teamId: string, uploadId: string): Promise<void> {
  const { rows } = await tx.query<{ model_id: string | null }>(
    "select model_id from upload where team_id = $1 and id = $2 for update",
    [teamId, uploadId],
  );
  refuseUsed(found(rows[0], "upload", uploadId).model_id);
}

export async function uploadFiles(tx: Transaction, uploadId: string): Promise<StoredFile[]> {
  const { rows } = await tx.query<{ name: string; bytes: string; sha256: string; location: string }>(
    "select name, bytes, sha256, location from upload_file where upload_id = $1 order by name",
    [uploadId],
  );
  return rows.map((row) => ({ ...row, bytes: Number(row.bytes) }));
}
