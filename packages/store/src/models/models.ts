import {
  newId,
  normaliseName,
  Problem,
  type Architecture,
  type Author,
  type HubSource,
  type Lineage,
  type MadeByQuery,
  type Model,
  type ModelSource,
  type ModelState,
  type Page,
  type Promotion,
  type Run,
} from "@espalier/contract";
import { insertArtifacts, toStored } from "../artifacts/artifacts.ts";
import type { StoredFile } from "../bytes/bytes.ts";
import type { Database, Transaction } from "../database/database.ts";
import type { Prisma } from "../generated/client.ts";
import { claimName } from "../database/names.ts";
import { toJson } from "../database/json.ts";
import { byId } from "../database/cursor.ts";
import { pageLimit, toPage } from "../database/page.ts";
import { found, iso, madeBy, present } from "../database/row.ts";
import type { Secrets } from "../runs/secrets.ts";
import type { NewRun } from "../runs/runs.ts";
import { submitRun } from "../runs/submit.ts";
import { readLineage } from "./lineage.ts";
import { lockUpload, uploadFiles } from "./uploads.ts";

/** A model that a run made. Its files are artifacts of the same commit, or of the models it came from. */
export interface NewModel {
  id: string;
  name: string;
  architecture: Architecture;
  files: { name: string; artifactId: string }[];
  baseModelId?: string;
}

/** Who owns an import, and what the scheduler needs to know about its run. */
type ImportOptions = {
  teamId: string;
  /** The name means the new one from now on, where another has it; default true. False: throws `resource/name-taken`. */
  replace?: boolean;
} & Pick<NewRun, "userId" | "createdBy" | "priority" | "predictedBytes" | "work">;

export interface Models {
  /**
   * Registers the files of an upload as a model that is IMPORTING, and submits the import run that makes it READY. When that
   * run does not succeed, the model is removed again; the upload stays, so that it can be corrected.
   */
  register(
    input: ImportOptions & { name: string; uploadId: string; architecture: Architecture },
    tx?: Transaction,
  ): Promise<{ model: Model; run: Run }>;
  /**
   * Registers a model without files that is IMPORTING, and submits the run that downloads it. When that run does not succeed,
   * the model is removed again.
   * @param token a token of the hub, which only that run can read
   */
  registerHub(
    input: ImportOptions & { name: string; source: HubSource; token?: string | undefined },
    tx?: Transaction,
  ): Promise<{ model: Model; run: Run }>;
  get(teamId: string, modelId: string): Promise<Model>;
  /** What a submission is judged by: all of a model but its files, which are read from two more tables. */
  outline(teamId: string, modelId: string): Promise<ModelOutline>;
  /** Those of these models that the team has, by id. */
  named(teamId: string, modelIds: readonly string[]): Promise<Map<string, Model>>;
  list(teamId: string, query?: MadeByQuery): Promise<Page<Model>>;
  /** Marks a model; an earlier mark is replaced. */
  promote(teamId: string, modelId: string, promotion: Omit<Promotion, "at">): Promise<Model>;
  /** What it came from, and what came from it. */
  lineage(teamId: string, modelId: string): Promise<Lineage>;
  /** The model's files with their locations, for `Bytes.materialise`. */
  files(teamId: string, modelId: string): Promise<StoredFile[]>;
}

export type ModelOutline = Pick<Model, "id" | "name" | "state" | "architecture">;

const withFiles = { files: { include: { artifact: true }, orderBy: { name: "asc" } } } as const;
type ModelRow = Prisma.ModelGetPayload<{ include: typeof withFiles }>;

export function createModels(
  { prisma, query, transaction, within }: Database,
  secrets: Pick<Secrets, "put">,
): Models {
  const find = async (teamId: string, id: string) =>
    found(await prisma.model.findFirst({ where: { id, teamId }, include: withFiles }), "model", id);
  return {
    lineage: (teamId, modelId) => readLineage({ query }, teamId, modelId),
    register: ({ name: given, uploadId, architecture, replace = true, ...options }, tx) =>
      within(tx, async (tx) => {
        const { teamId } = options;
        const name = normaliseName(given);
        await claimName(tx, "model", { teamId, name, replace });
        await lockUpload(tx, teamId, uploadId);
        const stored = await uploadFiles(tx, uploadId);
        if (stored.length === 0) throw new Problem("upload/incomplete", "The upload has no files yet.");
        const files = stored.map((file) => ({
          id: newId("artifact"),
          kind: "model-file" as const,
          name: file.name,
          stored: file,
        }));
        const modelId = newId("model");
        const run = await submitRun(tx, { ...options, spec: { kind: "import", modelId, uploadId } });
        await insertArtifacts(tx, { teamId, runId: run.id }, files);
        const createdAt = await insertModel(tx, {
          teamId,
          runId: run.id,
          state: "IMPORTING",
          model: {
            id: modelId,
            name,
            architecture,
            files: files.map((file) => ({ name: file.name, artifactId: file.id })),
          },
        });
        await tx.query("update upload set model_id = $2 where id = $1", [uploadId, modelId]);
        const model: Model = {
          id: modelId,
          name,
          state: "IMPORTING",
          architecture,
          bytes: stored.reduce((sum, file) => sum + file.bytes, 0),
          files: files.map((file) => ({ name: file.name, artifactId: file.id, bytes: file.stored.bytes })),
          runId: run.id,
          createdAt: iso(createdAt),
          ...present({ createdBy: options.createdBy }),
        };
        return { model, run };
      }),

    registerHub: ({ name: given, source, token, replace = true, ...options }, tx) =>
      within(tx, async (tx) => {
        const { teamId } = options;
        const name = normaliseName(given);
        await claimName(tx, "model", { teamId, name, replace });
        const id = newId("model");
        const run = await submitRun(tx, { ...options, spec: { kind: "import", modelId: id, source } });
        if (token !== undefined) await secrets.put(run.id, token, tx);
        const createdAt = await insertModel(tx, {
          teamId,
          runId: run.id,
          state: "IMPORTING",
          model: { id, name, files: [], source },
        });
        const model: Model = {
          id,
          name,
          state: "IMPORTING",
          bytes: 0,
          files: [],
          source,
          runId: run.id,
          createdAt: iso(createdAt),
          ...present({ createdBy: options.createdBy }),
        };
        return { model, run };
      }),

    get: async (teamId, modelId) => toModel(await find(teamId, modelId)),
    async outline(teamId, modelId) {
      const { rows } = await query<
        Omit<ModelOutline, "architecture"> & { architecture: Architecture | null }
      >("select id, name, state, architecture from model where id = $1 and team_id = $2", [modelId, teamId]);
      const { architecture, ...outline } = found(rows[0], "model", modelId);
      return { ...outline, ...present({ architecture }) };
    },
    async named(teamId, modelIds) {
      const rows = await prisma.model.findMany({
        where: { teamId, id: { in: [...modelIds] } },
        include: withFiles,
      });
      return new Map(rows.map((row) => [row.id, toModel(row)]));
    },
    async list(teamId, { limit: wanted, cursor, createdBy } = {}) {
      const limit = pageLimit(wanted);
      const [before] = byId.read(cursor);
      const rows = await prisma.model.findMany({
        where: {
          teamId,
          ...(before === undefined ? {} : { id: { lt: before } }),
          ...madeBy(createdBy),
        },
        orderBy: { id: "desc" },
        take: limit + 1,
        include: withFiles,
      });
      return toPage(rows, limit, toModel, ({ id }) => id);
    },
    async promote(teamId, modelId, promotion) {
      await transaction(async (tx) => {
        const { rows } = await tx.query(
          `update model set promotion = $3::jsonb || jsonb_build_object('at', to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
           where id = $1 and team_id = $2 returning id`,
          [modelId, teamId, toJson(promotion)],
        );
        found(rows[0], "model", modelId);
      });
      return toModel(await find(teamId, modelId));
    },
    async files(teamId, modelId) {
      const { files } = await find(teamId, modelId);
      return files.map(({ name, artifact }) => ({ name, ...toStored(artifact) }));
    },
  };
}

/** Inserts a model and its files, whose artifacts must exist. It is of whoever the run is of. Returns when the model was created. */
export async function insertModel(
  tx: Transaction,
  {
    teamId,
    runId,
    state,
    model,
  }: {
    teamId: string;
    runId: string;
    state: ModelState;
    model: Omit<NewModel, "architecture"> & { architecture?: Architecture; source?: ModelSource };
  },
): Promise<Date> {
  const { id, name, architecture, source, baseModelId, files } = model;
  const { rows } = await tx.query<{ created_at: Date }>(
    `insert into model (id, team_id, name, state, architecture, source, base_model_id, run_id, created_by)
     values ($1, $2, $3, $4, $5, $6, $7, $8, (select created_by from run where id = $8)) returning created_at`,
    [
      id,
      teamId,
      name,
      state,
      ...[architecture, source].map((each) => (each === undefined ? null : toJson(each))),
      baseModelId,
      runId,
    ],
  );
  await insertModelFiles(tx, id, files);
  return rows[0]!.created_at;
}

/** Adds files to a model; their artifacts must exist. */
export async function insertModelFiles(
  tx: Transaction,
  modelId: string,
  files: NewModel["files"],
): Promise<void> {
  for (const { name, artifactId } of files)
    await tx.query("insert into model_file (model_id, name, artifact_id) values ($1, $2, $3)", [
      modelId,
      name,
      artifactId,
    ]);
}

const toModel = (row: ModelRow): Model => ({
  id: row.id,
  name: row.name,
  state: row.state as ModelState,
  bytes: row.files.reduce((sum, { artifact }) => sum + Number(artifact.bytes), 0),
  files: row.files.map(({ name, artifactId, artifact }) => ({
    name,
    artifactId,
    bytes: Number(artifact.bytes),
  })),
  ...present({
    architecture: row.architecture as Architecture | null,
    source: row.source as ModelSource | null,
    promotion: row.promotion as Promotion | null,
    baseModelId: row.baseModelId,
    runId: row.runId,
    createdBy: row.createdBy as Author | null,
  }),
  createdAt: iso(row.createdAt),
});
