import { access, constants, mkdir, rmdir } from "node:fs/promises";

/**
 * Makes a folder where it is missing, before the work that fills it: what cannot be written is known at once. Where the work fails,
 * a folder that was made for it goes again.
 */
export async function inFolder<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const made = await mkdir(folder, { recursive: true });
  try {
    await access(folder, constants.W_OK);
    return await work();
  } catch (error) {
    if (made !== undefined) await rmdir(folder).catch(() => undefined);
    throw error;
  }
}
