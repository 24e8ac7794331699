import { createHash } from "node:crypto";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { downloadModel, type HubAccess, type HubLimits } from "../hub/index.ts";
import { HubServer } from "./hub-server.ts";
import { temporaryFolder, writeTinyModel, type TinyModelOptions } from "./tiny-model.ts";

/** Small enough to make a download of a tiny model a matter of several requests, and impatient. */
export const tinyLimits: Partial<HubLimits> = {
  pieceBytes: 20_000,
  headBytes: 1_000,
  gapBytes: 64,
  pauseSeconds: 0.005,
  silenceSeconds: 0.5,
  leastBytes: 200,
  progressBytes: 2_000,
  firstFaults: 3,
  faults: 3,
  syncSeconds: 0.05,
};

export interface HubTrial extends AsyncDisposable {
  hub: HubServer;
  /** Folder of the model that the hub serves as `org/tiny`. */
  source: string;
  output: string;
  folder: string;
  commit: string;
  access: HubAccess;
  download(
    options?: { layers?: number; revision?: string; hub?: string },
    more?: { access?: Partial<HubAccess>; limits?: Partial<HubLimits>; signal?: AbortSignal },
  ): Promise<{ commit: string }>;
}

/** A hub with one tiny model, and places to download it to. */
export async function hubTrial(options: TinyModelOptions & { token?: string } = {}): Promise<HubTrial> {
  const temporary = await temporaryFolder();
  const hub = await HubServer.start();
  const source = join(temporary.path, "source");
  const folder = join(temporary.path, "download");
  const output = join(temporary.path, "output");
  const { token, ...model } = options;
  await writeTinyModel(source, model);
  await mkdir(folder);
  const commit = await hub.addFolder("org/tiny", source, token === undefined ? {} : { token });
  const access = { endpoint: hub.endpoint, origins: [hub.storage] };
  const trial: HubTrial = {
    hub,
    source,
    folder,
    output,
    commit,
    access,
    download: ({ hub: name = "org/tiny", ...asked } = {}, { access: also, limits, signal } = {}) =>
      downloadModel(
        { hub: name, ...asked },
        {
          access: { ...access, ...also },
          folder: trial.folder,
          output: trial.output,
          limits: { ...tinyLimits, ...limits },
          ...(signal ? { signal } : {}),
        },
      ),
    async [Symbol.asyncDispose]() {
      await hub[Symbol.asyncDispose]();
      await temporary[Symbol.asyncDispose]();
    },
  };
  return trial;
}

/** Names of the files in a folder, with the SHA-256 of each. */
export async function checksums(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort();
  const hash = async (name: string) =>
    createHash("sha256")
      .update(await readFile(join(folder, name)))
      .digest("hex");
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await hash(name)] as const)));
}
