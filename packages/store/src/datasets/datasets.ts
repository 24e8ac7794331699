import {
  newId,
  normaliseName,
  type Author,
  type Dataset,
  type DatasetErrors,
  type DatasetKind,
  type DatasetReading,
  type MadeByQuery,
  type Page,
  type PlacedError,
} from "@espalier/contract";
import { changesNothing } from "../audit/acts.ts";
import { insertArtifacts, toStored } from "../artifacts/artifacts.ts";
import type { StoredObject } from "../bytes/bytes.ts";
import type { Database, Transaction } from "../database/database.ts";
import type { Prisma } from "../generated/client.ts";
import { lockName, takeName } from "../database/names.ts";
import { toJson } from "../database/json.ts";
import { byId } from "../database/cursor.ts";
import { pageLimit, toPage } from "../database/page.ts";
import { found, iso, madeBy, present } from "../database/row.ts";
import { admitBytes } from "../teams/space.ts";

export interface NewDataset {
  id: string;
  teamId: string;
  name: string;
  kind: DatasetKind;
  rows: number;
  stored: StoredObject;
  reading?: DatasetReading;
  /** Of lines that were left out. */
  errors?: readonly PlacedError[];
  replace?: boolean;
  createdBy?: Author;
}

export interface Datasets {
  /**
   * Registers a dataset whose normalised JSON lines are stored already, at a location that holds this `id`. Where the team has
   * one of this name and kind with the same content, that one is returned, and nothing is written.
   * @param replace the name means the new one from now on, where another has it
   * @throws {Problem} `resource/name-taken`, `team/out-of-space`
   */
  register(input: NewDataset, tx?: Transaction): Promise<Dataset>;
  get(teamId: string, datasetId: string): Promise<Dataset>;
  /** What a submission is judged by, of one table. */
  outline(teamId: string, datasetId: string): Promise<DatasetOutline>;
  list(teamId: string, query?: MadeByQuery): Promise<Page<Dataset>>;
  stored(teamId: string, datasetId: string): Promise<StoredObject>;
  /** Of lines that were left out. */
  errors(teamId: string, datasetId: string): Promise<DatasetErrors>;
}

export type DatasetOutline = Pick<Dataset, "id" | "name" | "kind" | "rows">;

/** Errors of lines may be a thousand. */
const columns = { include: { artifact: true }, omit: { errors: true } } as const;
type DatasetRow = Prisma.DatasetGetPayload<typeof columns>;

export function createDatasets({ prisma, query, within }: Database): Datasets {
  const find = async (teamId: string, id: string) =>
    found(await prisma.dataset.findFirst({ where: { id, teamId }, ...columns }), "dataset", id);
  return {
    register: (
      { id, teamId, name: given, kind, rows, stored, reading, errors = [], replace = false, createdBy },
      tx,
    ) =>
      within(tx, async (tx) => {
        const name = normaliseName(given);
        await lockName(tx, "dataset", { teamId, name });
        const holder = await tx.query<{ id: string; kind: string; sha256: string }>(
          `select d.id, d.kind, a.sha256 from dataset d join artifact a on a.id = d.artifact_id
           where d.team_id = $1 and d.name = $2 and d.replaced_at is null`,
          [teamId, name],
        );
        const same = holder.rows.find((row) => row.kind === kind && row.sha256 === stored.sha256);
        if (same) {
          changesNothing();
          return toDataset(await find(teamId, same.id));
        }
        await takeName(tx, "dataset", { teamId, name, replace });
        const artifactId = newId("artifact");
        await insertArtifacts(tx, { teamId }, [{ id: artifactId, kind: "dataset", name, stored }]);
        await admitBytes(tx, teamId);
        const inserted = await tx.query<{ created_at: Date }>(
          `insert into dataset (id, team_id, name, kind, rows, artifact_id, reading, created_by, errors)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
           returning created_at`,
          [
            id,
            teamId,
            name,
            kind,
            rows,
            artifactId,
            ...[reading, createdBy].map((each) => (each === undefined ? null : toJson(each))),
            errors.length === 0 ? null : toJson(errors),
          ],
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
          ...present({ createdBy, reading }),
        };
      }),
    get: async (teamId, datasetId) => toDataset(await find(teamId, datasetId)),
    async outline(teamId, datasetId) {
      const { rows } = await query<DatasetOutline>(
        "select id, name, kind, rows from dataset where id = $1 and team_id = $2",
        [datasetId, teamId],
      );
      return found(rows[0], "dataset", datasetId);
    },
    async list(teamId, { limit: wanted, cursor, createdBy } = {}) {
      const limit = pageLimit(wanted);
      const [before] = byId.read(cursor);
      const rows = await prisma.dataset.findMany({
        where: {
          teamId,
          ...(before === undefined ? {} : { id: { lt: before } }),
          ...madeBy(createdBy),
        },
        orderBy: { id: "desc" },
        take: limit + 1,
        ...columns,
      });
      return toPage(rows, limit, toDataset, ({ id }) => id);
    },
    async errors(teamId, datasetId) {
      const { rows } = await query<{ items: PlacedError[] | null; total: number | null }>(
        "select errors as items, (reading ->> 'errors')::int as total from dataset where id = $1 and team_id = $2",
        [datasetId, teamId],
      );
      const { items, total } = found(rows[0], "dataset", datasetId);
      return { items: items ?? [], total: total ?? 0 };
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
  createdBy,
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
  ...present({ createdBy: createdBy as Author | null, reading: reading as DatasetReading | null }),
});
