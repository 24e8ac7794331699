import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { Problem } from "@espalier/contract";
import type { Database, Transaction } from "../database/database.ts";
import { found } from "../database/row.ts";
import { DiskSpace, inGigabytes } from "./disk-space.ts";
import { markName, readMark, writeMark, type FolderMark } from "./folder-mark.ts";

/** What became of a look at the data folder. `reason` is a sentence or two that say what to do. */
export type DataFolderState =
  | { type: "ready"; freeBytes: number; totalBytes: number }
  | { type: "full"; freeBytes: number; totalBytes: number; neededBytes: number; reason: string }
  | { type: "away"; reason: string };

/**
 * The folder of the stored bytes, which all processes of a pool share. The database and a file in the folder have the same
 * token. So a process notices when the folder is another pool's, or when its volume is not mounted.
 */
export interface DataFolder {
  readonly path: string;
  /**
   * Looks at the folder now. A process whose folder was ready once notices also without the database what has become of it.
   * @throws {Problem} `service/unavailable` while the token is not known because the database is away
   */
  check(): Promise<DataFolderState>;
  /**
   * For the API: as `check`, and before that writes the token into a folder that has none. It does so in a new and empty
   * folder of a new pool, and where the folder holds what the database names, as after an upgrade or a restore. In
   * doubt it writes nothing and says what to do.
   */
  claim(): Promise<DataFolderState>;
  /**
   * Throws `storage/unavailable` unless the folder is still the one that the last check found. A process that has never
   * checked its folder trusts it.
   */
  confirm(): Promise<void>;
}

interface Row {
  token: string;
  claimed: boolean;
}

export function createDataFolder(
  { query, transaction }: Pick<Database, "query" | "transaction">,
  path: string,
  leastFreeBytes: number,
): DataFolder {
  const space = new DiskSpace(leastFreeBytes);
  /** The token that the folder had when it was ready. */
  let token: string | undefined;
  /** Why the last check found it away. */
  let away: string | undefined;

  const readRow = async (tx: Pick<Database, "query">, lock = ""): Promise<Row> => {
    const { rows } = await tx.query<Row>(
      `select token, claimed_at is not null as claimed from data_folder ${lock}`,
    );
    return found(rows[0], "data folder", "row");
  };

  const judged = async (mark: FolderMark): Promise<DataFolderState> => {
    const known = mark.type === "marked" && mark.token === token;
    const row = known ? undefined : await readRow({ query }).catch(remembered);
    token = row?.token ?? token;
    const reason = explain(path, mark, row ?? { token: token!, claimed: true });
    if (reason !== undefined) return { type: "away", reason };
    const { free: freeBytes, total: totalBytes, full, needed } = await space.look(path);
    if (!full) return { type: "ready", freeBytes, totalBytes };
    const shortage = `${inGigabytes(freeBytes)} are free on the volume of the data folder ${path}; nothing starts until ${inGigabytes(needed)} are. Free some space, or enlarge it.`;
    return { type: "full", freeBytes, totalBytes, neededBytes: needed, reason: shortage };
  };

  /** A folder that was ready once can be judged while the database is away. */
  const remembered = (error: unknown): Row => {
    if (token === undefined) throw error;
    return { token, claimed: true };
  };

  async function check(): Promise<DataFolderState> {
    const state = await judged(await readMark(path)).catch((error: unknown): DataFolderState => {
      if (error instanceof Error && "syscall" in error)
        return { type: "away", reason: `The data folder ${path} cannot be used: ${error.message}.` };
      throw error;
    });
    away = state.type === "away" ? state.reason : undefined;
    return state;
  }

  /** Writes the token, or takes over the one that is there, where that is certainly right. */
  async function settle(): Promise<string | undefined> {
    const mark = await readMark(path);
    if (mark.type !== "unmarked" && mark.type !== "marked") return undefined;
    return transaction(async (tx) => {
      // Only one process decides at a time, so that two on two new folders do not both make theirs the pool's.
      const row = await readRow(tx, "for update");
      const claimed = () => tx.query("update data_folder set claimed_at = coalesce(claimed_at, now())");
      if (mark.type === "marked" && mark.token === row.token) {
        if (!row.claimed) await claimed();
        return undefined;
      }
      const { named, present } = await compare(tx, path);
      const holdsBytes = named > 0 && present * 2 >= named;
      if (mark.type === "marked") {
        // A database that was restored from before the folder got its token.
        if (!holdsBytes) return undefined;
        await tx.query("update data_folder set token = $1, claimed_at = now()", [mark.token]);
        return undefined;
      }
      const isNew = named === 0 && !row.claimed && (await isUnused(tx, path));
      if (!holdsBytes && !isNew) {
        if (named === 0)
          return `The data folder ${path} has no ${markName}, and ${row.claimed ? "the pool has one elsewhere" : "it holds files that the database does not know"}. ${advice(path, row)}`;
        return `The data folder ${path} has no ${markName}, and ${named - present} of ${named} files that the database names are not in it. ${advice(path, row)}`;
      }
      await writeMark(path, row.token);
      await claimed();
      return undefined;
    });
  }

  return {
    path,
    check,
    async claim() {
      const state = await check();
      if (state.type !== "away") return state;
      const reason = await settle().catch((error: unknown) => {
        if (error instanceof Error && "syscall" in error)
          return `The data folder ${path} cannot be written to: ${error.message}.`;
        throw error;
      });
      const settled = await check();
      if (settled.type !== "away" || reason === undefined) return settled;
      away = reason;
      return { type: "away", reason };
    },
    async confirm() {
      if (away === undefined && token === undefined) return;
      const mark = await readMark(path);
      const reason = token === undefined ? away : explain(path, mark, { token, claimed: true });
      if (reason !== undefined) throw new Problem("storage/unavailable", reason);
    },
  };
}

/** Why a folder with this mark is not the pool's; undefined when it is. */
export function explain(path: string, mark: FolderMark, row: Row): string | undefined {
  switch (mark.type) {
    case "missing":
      return `The data folder ${path} is not there. Mount its volume, or let ESPALIER_DATA name the folder that the API has.`;
    case "silent":
      return `The data folder ${path} cannot be read: ${mark.reason}. Look at its volume or its file server.`;
    case "unmarked":
      return row.claimed
        ? `The data folder ${path} has no ${markName}: it is not the pool's, or its volume is not mounted. ${advice(path, row)}`
        : `The data folder ${path} has no ${markName}, which an API writes when it first starts with the folder. Start the API first.`;
    case "marked":
      if (mark.token !== row.token)
        return `The data folder ${path} belongs to another pool: its ${markName} says ${mark.token}, the database ${row.token}. Let ESPALIER_DATA and DATABASE_URL name the folder and the database of one pool.`;
      return mark.writable
        ? undefined
        : `The data folder ${path} cannot be written to. Mount it for writing.`;
  }
}

const advice = (path: string, { token }: Row): string =>
  `Mount the pool's volume there. If this is the pool's folder all the same, run: echo ${token} > ${path}/${markName}`;

/** How many of some files that the database names are in the folder, the oldest and the newest ones. */
async function compare(tx: Transaction, path: string): Promise<{ named: number; present: number }> {
  const { rows } = await tx.query<{ location: string; bytes: string }>(
    `(select location, bytes from artifact order by id limit 20)
     union (select location, bytes from artifact order by id desc limit 20)`,
  );
  const there = await Promise.all(
    rows.map(({ location, bytes }) =>
      stat(join(path, location)).then(
        ({ size }) => size === Number(bytes),
        () => false,
      ),
    ),
  );
  return { named: rows.length, present: there.filter(Boolean).length };
}

/** Whether a folder has no stored files, or those of runs, uploads and datasets that the database knows. */
async function isUnused(tx: Transaction, path: string): Promise<boolean> {
  const list = (noun: string) => readdir(join(path, noun)).catch(() => []);
  const ids = (await Promise.all(["runs", "uploads", "datasets"].map(list))).flatMap((all) =>
    all.slice(0, 100),
  );
  if (ids.length === 0) return true;
  const { rows } = await tx.query(
    `select from run where id = any($1) union all select from upload where id = any($1)
     union all select from dataset where id = any($1) limit 1`,
    [ids],
  );
  return rows.length > 0;
}
