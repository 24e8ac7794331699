import { chooseModelFiles, Problem, type HubSource } from "@espalier/contract";
import { JsonError, parseJson, type JsonValue } from "../checkpoint/json.ts";
import { accept } from "./answer.ts";
import type { HubConnection } from "./connection.ts";
import type { Patience } from "./fault.ts";

/** A file as the hub announces it. */
export interface AnnouncedFile {
  readonly name: string;
  readonly bytes: number;
  /** The checksum of a file in large file storage. */
  readonly sha256?: string;
  /** The checksum of every other file: SHA-1 of `blob <bytes>\0` and the content (gitformat-objects). */
  readonly gitBlob?: string;
}

/** A repository at one commit: what a moving branch points at later changes nothing. */
export interface Repository {
  readonly commit: string;
  /** Those that make the model, sorted by name. */
  readonly files: readonly AnnouncedFile[];
}

const mostBytes = 32 * 2 ** 20;

/**
 * Asks the hub which commit a revision means and what it holds: `GET /api/models/{repository}/revision/{revision}`.
 * @throws {Problem} `hub/…` of what the hub answers; `checkpoint/incomplete` when it holds no model that can be read
 */
export async function readRepository(
  connection: HubConnection,
  source: HubSource,
  patience: Patience,
): Promise<Repository> {
  const { hub, revision = "main" } = source;
  const url = connection.url(`api/models/${hub}/revision/${encodeURIComponent(revision)}?blobs=true`);
  for (;;) {
    try {
      const response = await connection.get(url, { accept: "application/json" });
      accept(connection, response, { hub, revision }, [200]);
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      for await (const chunk of connection.bytes(response)) {
        bytes += chunk.byteLength;
        if (bytes > mostBytes) throw malformed(`is longer than ${mostBytes} bytes`);
        chunks.push(chunk);
      }
      return parseRepository(decode(Buffer.concat(chunks)));
    } catch (error) {
      await patience.failed(error);
    }
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw malformed("is not UTF-8");
  }
}

const malformed = (what: string): Problem =>
  new Problem("hub/malformed", `The hub's answer about the repository ${what}; is HF_ENDPOINT a hub?`);

/** Reads the hub's description of a repository, believing nothing of it that does not have the right form. */
export function parseRepository(text: string): Repository {
  let root: JsonValue;
  try {
    root = parseJson(text);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw malformed(`is not valid JSON (${error.message})`);
  }
  const commit = root instanceof Map ? root.get("sha") : undefined;
  const siblings = root instanceof Map ? root.get("siblings") : undefined;
  if (typeof commit !== "string" || !/^[0-9a-f]{40}$|^[0-9a-f]{64}$/.test(commit))
    throw malformed("names no commit");
  if (!Array.isArray(siblings)) throw malformed("lists no files");
  const byName = new Map<string, JsonValue>();
  for (const sibling of siblings) {
    const name = sibling instanceof Map ? sibling.get("rfilename") : undefined;
    if (typeof name !== "string") throw malformed("lists a file without a name");
    if (byName.has(name)) throw malformed(`lists ${JSON.stringify(name.slice(0, 80))} twice`);
    byName.set(name, sibling);
  }
  const files = chooseModelFiles(byName.keys()).map((name) => readFile(name, byName.get(name)!));
  return { commit, files };
}

function readFile(name: string, sibling: JsonValue): AnnouncedFile {
  const field = (key: string) => (sibling instanceof Map ? sibling.get(key) : undefined);
  const bytes = field("size");
  if (typeof bytes !== "number" || !Number.isSafeInteger(bytes) || bytes < 0)
    throw malformed(`gives no size for ${name}`);
  const lfs = field("lfs") ?? undefined;
  if (lfs !== undefined) {
    const sha256 = lfs instanceof Map ? (lfs.get("sha256") ?? lfs.get("oid")) : undefined;
    if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256))
      throw malformed(`gives no checksum for ${name}`);
    return { name, bytes, sha256 };
  }
  const gitBlob = field("blobId");
  if (typeof gitBlob !== "string" || !/^[0-9a-f]{40}$/.test(gitBlob))
    throw malformed(`gives no checksum for ${name}`);
  return { name, bytes, gitBlob };
}
