import type { Artifact, ArtifactKind } from "@espalier/contract";
import type { StoredObject } from "../bytes/bytes.ts";
import type { Database, Transaction } from "../database/database.ts";
import type { Artifact as ArtifactRow } from "../generated/client.ts";
import { found, iso, present } from "../database/row.ts";

/** An artifact to register. Its bytes are stored already. */
export interface NewArtifact {
  /** From `newId("artifact")`; the caller makes it, so that a model of the same transaction can refer to it. */
  id: string;
  kind: ArtifactKind;
  name: string;
  stored: StoredObject;
  sources?: string[];
}

export interface Artifacts {
  get(teamId: string, artifactId: string): Promise<Artifact>;
  /** Where the content is, for `Bytes.open`. */
  stored(teamId: string, artifactId: string): Promise<StoredObject>;
  ofRun(teamId: string, runId: string): Promise<Artifact[]>;
}

export function createArtifacts({ prisma }: Database): Artifacts {
  const find = async (teamId: string, id: string) =>
    found(await prisma.artifact.findFirst({ where: { id, teamId } }), "artifact", id);
  return {
    get: async (teamId, artifactId) => toArtifact(await find(teamId, artifactId)),
    stored: async (teamId, artifactId) => toStored(await find(teamId, artifactId)),
    async ofRun(teamId, runId) {
      const run = await prisma.run.findFirst({ where: { id: runId, teamId }, select: { id: true } });
      found(run, "run", runId);
      const rows = await prisma.artifact.findMany({ where: { teamId, runId }, orderBy: { id: "asc" } });
      return rows.map(toArtifact);
    },
  };
}

/** Inserts the rows of stored artifacts. */
export async function insertArtifacts(
  tx: Transaction,
  owner: { teamId: string; runId?: string; attempt?: number },
  artifacts: readonly NewArtifact[],
): Promise<void> {
  for (const { id, kind, name, stored, sources = [] } of artifacts)
    await tx.query(
      `insert into artifact (id, team_id, kind, name, bytes, sha256, location, run_id, attempt, sources)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [
        id,
        owner.teamId,
        kind,
        name,
        stored.bytes,
        stored.sha256,
        stored.location,
        owner.runId,
        owner.attempt,
        sources,
      ],
    );
}

export const toStored = (row: { location: string; bytes: bigint; sha256: string }): StoredObject => ({
  location: row.location,
  bytes: Number(row.bytes),
  sha256: row.sha256,
});

const toArtifact = (row: ArtifactRow): Artifact => ({
  id: row.id,
  kind: row.kind as ArtifactKind,
  name: row.name,
  bytes: Number(row.bytes),
  sha256: row.sha256,
  ...present({ runId: row.runId, attempt: row.attempt }),
  sources: row.sources,
  createdAt: iso(row.createdAt),
});
