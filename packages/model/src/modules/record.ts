import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  checkedEncoding,
  isProblem,
  Problem,
  recordFile,
  type Encoding,
  type ResolvedEncoding,
} from "@espalier/contract";
import { checkFields, obeyed, refuseFieldOf, type FieldTable } from "../checkpoint/field-table.ts";
import type { ModelSource } from "../files/read-text.ts";
import { findObject, unusable } from "./read-object.ts";

/** What a folder that was trained here says of itself, which the files of other libraries cannot say. */
export interface FolderRecord {
  /** How texts become vectors. `auto` among the templates is resolved: the folder may be called otherwise later. */
  readonly encoding: Encoding;
  /** Prefixes of a vector that were trained to serve alone. @default none */
  readonly matryoshka?: readonly number[] | undefined;
}

const fields: FieldTable = { encoding: obeyed, matryoshka: obeyed };

/**
 * Reads `espalier.json`; undefined where there is none.
 * @throws {Problem} `config/unsupported` for what is not understood
 */
export async function findRecord(source: ModelSource): Promise<FolderRecord | undefined> {
  const root = await findObject(source, recordFile);
  if (root === undefined) return undefined;
  checkFields(root, fields, refuseFieldOf(recordFile));
  const encoding = root.get("encoding") ?? new Map();
  if (!(encoding instanceof Map)) throw unusable(recordFile, "has an encoding that is not an object");
  const matryoshka = root.get("matryoshka") ?? [];
  const isSize = (value: unknown): value is number => Number.isInteger(value) && (value as number) > 0;
  if (!Array.isArray(matryoshka) || !matryoshka.every(isSize))
    throw unusable(recordFile, "has a matryoshka that is not a list of numbers of dimensions");
  try {
    return {
      encoding: checkedEncoding(Object.fromEntries(encoding)),
      ...(matryoshka.length > 0 && { matryoshka }),
    };
  } catch (error) {
    if (!isProblem(error)) throw error;
    throw new Problem("config/unsupported", `${recordFile}: ${error.message}`, {
      file: recordFile,
      field: `/encoding${error.facts.field ?? ""}`,
    });
  }
}

/** Writes it into a folder. */
export async function writeRecord(
  directory: string,
  { encoding, matryoshka }: Omit<FolderRecord, "encoding"> & { readonly encoding: ResolvedEncoding },
): Promise<void> {
  const { pooling, pooled, attention, maxLength, template } = encoding;
  const record = {
    encoding: { pooling, pooled, attention, maxLength, template },
    ...(matryoshka !== undefined && { matryoshka }),
  };
  await writeFile(join(directory, recordFile), `${JSON.stringify(record, null, 2)}\n`);
}
