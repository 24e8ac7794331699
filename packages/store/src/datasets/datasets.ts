import {
  newId,
  type Dataset,
  type DatasetKind,
  type DatasetReading,
  type Page,
  type PageQuery,
} from "@espalier/contract";
import { insertArtifacts, toStored } from "../artifacts/artifacts.ts";
import type { StoredObject } from "../bytes/bytes.ts";
import type { Database, Transaction } from "../database/database.ts";
import type { Prisma } from "../generated/client.ts";
import { toJson } from "../database/json.ts";
import { pageLimit, toPage } from "../database/page.ts";
import { found, iso } from "../database/row.ts";

export interface Datasets {
  /** Registers a dataset whose normalised JSON lines are stored already, at a location that holds this `id`. */
  register(
    input: {
      id: string;
      teamId: string;
      name: string;
      kind: DatasetKind;
      rows: number;
      stored: StoredObject;
      reading?: DatasetReading;
    },
    tx?: Transaction,
  ): Promise<Dataset>;
  get(teamId: string, datasetId: string): Promise<Dataset>;
  list(teamId: string, query?: PageQuery): Promise<Page<Dataset>>;
  stored(teamId: string, datasetId: string): Promise<StoredObject>;
}

const withArtifact = { artifact: true } as const;
type DatasetRow = Prisma.DatasetGetPayload<{ include: typeof withArtifact }>;

export function createDatasets({ prisma, within }: Database): Datasets {
  const find = async (teamId: string, id: string) =>
    found(await prisma.dataset.findUnique({ where: { id, teamId }, include: withArtifact }), "dataset", id);
  return {
    register: ({ id, teamId, name, kind, rows, stored, reading }, tx) =>
      within(tx, async (tx) => {
        const artifactId = newId("artifact");
        await insertArtifacts(tx, { teamId }, [{ id: artifactId, kind: "dataset", name, stored }]);
        const inserted = await tx.query<{ created_at: Date }>(
          `insert into dataset (id, team_id, name, kind, rows, artifact_id, reading) values ($1, $2, $3, $4, $5, $6, $7)
           returning created_at`,
          [id, teamId, name, kind, rows, artifactId, reading === undefined ? null : toJson(reading)],
        );
        const { bytes, sha256 } = stored;
        return {
          id,
          name,
          kind,
          rows,
          bytes,
          sha256,
          artifactId,
          createdAt: iso(inserted.rows[0]!.created_at),
          ...(reading && { reading }),
        };
      }),
    get: async (teamId, datasetId) => toDataset(await find(teamId, datasetId)),
    async list(teamId, { limit: wanted, cursor } = {}) {
      const limit = pageLimit(wanted);
      const rows = await prisma.dataset.findMany({
        where: { teamId, ...(cursor === undefined ? {} : { id: { lt: cursor } }) },
        orderBy: { id: "desc" },
        take: limit + 1,
        include: withArtifact,
      });
      return toPage(rows, limit, toDataset, ({ id }) => id);
    },
    stored: async (teamId, datasetId) => toStored((await find(teamId, datasetId)).artifact),
  };
}

const toDataset = ({
  id,
  name,
  kind,
  rows,
  artifactId,
  artifact,
  createdAt,
  reading,
}: DatasetRow): Dataset => ({
  id,
  name,
  kind: kind as DatasetKind,
  rows,
  bytes: Number(artifact.bytes),
  sha256: artifact.sha256,
  artifactId,
  createdAt: iso(createdAt),
  ...(reading === null ? {} : { reading: reading as DatasetReading }),
});
