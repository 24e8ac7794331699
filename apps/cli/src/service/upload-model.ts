import { setTimeout as sleep } from "node:timers/promises";
import { isProblem, type Client, type Model, type Run, type Upload } from "@espalier/contract";
import { patiently } from "./patience.ts";
import { formatBytes } from "../terminal/format.ts";
import type { ProgressBars } from "../terminal/progress-bars.ts";
import { streamFile, type ModelFile } from "./model-folder.ts";

export interface UploadOptions {
  /** Absent: no bars. */
  bars?: ProgressBars | undefined;
  note: (line: string) => void;
  /** Aborting it removes what was uploaded. */
  signal: AbortSignal;
}

/** How long the service may stay away, in seconds. */
const patience = 120;
/** A try that brought this much counts as progress. */
const progressBytes = 2 ** 23;

/**
 * Uploads the files of a model and registers them. When the service goes away and comes back, the file that was under way
 * is sent again, and those before it are not. What fails leaves no upload behind.
 */
export async function uploadModel(
  client: Client,
  named: { name: string; replace: boolean },
  files: readonly ModelFile[],
  options: UploadOptions,
): Promise<{ model: Model; run: Run }> {
  const upload = await patiently(client.uploads.create, options);
  const once = { idempotencyKey: globalThis.crypto.randomUUID() };
  try {
    const show = progressOf(files, options.bars);
    let done = 0;
    for (const file of files) {
      await putFile(client, upload, file, (bytes) => show(done + bytes), options);
      done += file.bytes;
    }
    options.bars?.end();
    return await patiently(() => client.models.create({ ...named, uploadId: upload.id }, once), options);
  } catch (error) {
    options.bars?.end();
    await client.uploads.remove(upload.id).catch(() => undefined);
    throw error;
  }
}

async function putFile(
  client: Client,
  upload: Upload,
  file: ModelFile,
  show: (bytes: number) => void,
  { note, signal }: UploadOptions,
): Promise<void> {
  let awaySince: number | undefined;
  for (;;) {
    let sent = 0;
    const count = (bytes: number): void => {
      signal.throwIfAborted();
      sent += bytes;
      show(sent);
    };
    try {
      await client.uploads.putFile(upload.id, file.name, await streamFile(file.path, count));
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (!isProblem(error) || error.code !== "service/unavailable") throw error;
      if (sent >= progressBytes) awaySince = undefined;
      if (awaySince === undefined)
        note(`the service does not answer; ${file.name} is sent again when it does`);
      awaySince ??= Date.now();
      if (Date.now() - awaySince > patience * 1000) throw error;
      await sleep(500, undefined, { signal });
    }
  }
}

function progressOf(files: readonly ModelFile[], bars: ProgressBars | undefined): (sent: number) => void {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  return (sent) => {
    const text = `${formatBytes(sent)} of ${formatBytes(total)}`;
    bars?.show([{ label: "upload", fraction: sent / Math.max(1, total), text }]);
  };
}
