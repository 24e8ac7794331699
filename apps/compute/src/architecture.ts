import type { Architecture } from "@espalier/contract";
import { architectureOf, openCheckpoint } from "@espalier/model";

/** What the checkpoint in a folder says of itself; opening it checks its headers against its config. */
export async function readArchitecture(directory: string): Promise<Architecture> {
  const checkpoint = await openCheckpoint(directory);
  try {
    return architectureOf(checkpoint);
  } finally {
    await checkpoint.close();
  }
}
