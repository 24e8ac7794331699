import { appendFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { formatUnits, mostStoredUnits, unitsFile } from "@espalier/evaluation";

type Units = Parameters<typeof formatUnits>[0];

/** Writes the units of an evaluation to the folder of its output, if it has one. */
export class UnitsWriter {
  readonly #path: string | undefined;

  private constructor(path: string | undefined) {
    this.#path = path;
  }

  static async in(folder: string | undefined): Promise<UnitsWriter> {
    if (folder !== undefined) await mkdir(folder, { recursive: true });
    return new UnitsWriter(folder && join(folder, unitsFile));
  }

  /** Adds a dataset; false where it has more units than are stored. */
  async write(units: Units): Promise<boolean> {
    if (this.#path === undefined) return true;
    if (units.values.length > mostStoredUnits) return false;
    await appendFile(this.#path, `${formatUnits(units)}\n`);
    return true;
  }
}
