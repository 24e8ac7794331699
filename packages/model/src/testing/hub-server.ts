import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Bytes, or some bytes and zeros after them, as many as no machine could hold. */
export type Content = Uint8Array | { head: Uint8Array; zeros: number };

/** How one answer goes wrong, or is slow. */
export interface Misbehaviour {
  status?: number;
  headers?: Record<string, string>;
  /** Instead of the description of a repository. */
  json?: unknown;
  /** Instead of the file. */
  content?: Uint8Array;
  /** Sends a redirect there. */
  redirect?: string;
  ignoreRange?: boolean;
  /** Breaks the connection after this many bytes of the body. */
  cutAfter?: number;
  /** Falls silent after this many bytes of the body. */
  holdAfter?: number;
  /** Says nothing at all. */
  silent?: boolean;
  /** Sends this many bytes at a time, with this pause between. */
  pace?: { bytes: number; milliseconds: number };
}

export interface SeenRequest {
  server: "hub" | "storage";
  path: string;
  /** The file of the model, where the request was for one. */
  file?: string;
  range?: string;
  headers: IncomingMessage["headers"];
  /** Bytes of the body that were written. */
  sent: number;
}

interface Repository {
  token?: string;
  gated?: boolean;
  branches: Map<string, string>;
  commits: Map<string, Map<string, Content>>;
}

/**
 * A server that behaves like the Hugging Face hub: it describes repositories at revisions, serves small files itself and
 * sends large ones (LFS) to another origin, with ranges, strong etags and its error codes. It misbehaves on request.
 */
export class HubServer implements AsyncDisposable {
  readonly requests: SeenRequest[] = [];
  /** Asked before every answer. */
  misbehave: (request: SeenRequest) => Misbehaviour | undefined = () => undefined;
  readonly #repositories = new Map<string, Repository>();
  readonly #hub: Server;
  readonly #storage: Server;

  private constructor() {
    this.#hub = createServer((request, response) => void this.#onHub(request, response));
    this.#storage = createServer((request, response) => void this.#onStorage(request, response));
  }

  static async start(): Promise<HubServer> {
    const server = new HubServer();
    for (const each of [server.#hub, server.#storage]) await once(each.listen(0, "127.0.0.1"), "listening");
    return server;
  }

  get endpoint(): string {
    return originOf(this.#hub);
  }

  /** Origin of the large files. */
  get storage(): string {
    return originOf(this.#storage);
  }

  /** Makes a commit of these files and points the branch at it. @returns the commit */
  add(
    name: string,
    files: Readonly<Record<string, Content | string>>,
    options: { branch?: string; token?: string; gated?: boolean } = {},
  ): string {
    const contents = new Map(
      Object.entries(files).map(([file, content]) => [
        file,
        typeof content === "string" ? Buffer.from(content) : content,
      ]),
    );
    const commit = createHash("sha1")
      .update(`${name} ${[...contents].map(gitBlob).join()}`)
      .digest("hex");
    const repository = this.#repositories.get(name) ?? { branches: new Map(), commits: new Map() };
    this.#repositories.set(name, { ...repository, ...options });
    repository.branches.set(options.branch ?? "main", commit);
    repository.commits.set(commit, contents);
    return commit;
  }

  async addFolder(name: string, folder: string, options?: Parameters<HubServer["add"]>[2]): Promise<string> {
    const names = await readdir(folder);
    const files = await Promise.all(
      names.map(async (file) => [file, await readFile(join(folder, file))] as const),
    );
    return this.add(name, Object.fromEntries(files), options);
  }

  /** Size of a file on the branch `main`. */
  bytesOf(name: string, file: string): number {
    const repository = this.#repositories.get(name)!;
    return sizeOf(repository.commits.get(repository.branches.get("main")!)!.get(file)!);
  }

  /** Requests for one file that got bytes of it. */
  requestsFor(file: string): SeenRequest[] {
    return this.requests.filter((request) => request.file === file && request.sent > 0);
  }

  /** Resolves when nobody is connected any more, and all that was asked for is in `requests`. */
  async quiet(): Promise<void> {
    // The kernel accepts connections and requests some turns before this process sees them.
    for (let turns = 0; turns < 3; turns++) {
      const counts = await Promise.all([this.#hub, this.#storage].map(connectionsOf));
      if (counts.some((count) => count > 0)) turns = -1;
      await sleep(10);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of [this.#hub, this.#storage]) {
      server.closeAllConnections();
      await once(server.close(), "close");
    }
  }

  async #onHub(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? "/", this.endpoint);
    const api = /^\/api\/models\/(.+)\/revision\/([^/]+)$/.exec(pathname);
    const file = /^\/(?:api\/resolve-cache\/)?([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(pathname);
    const [, name = "", revision = "", path] = api ?? file ?? [];
    const [seen, misbehaviour] = this.#see("hub", request, path);
    if (misbehaviour?.silent) return;
    if (misbehaviour?.status !== undefined)
      return refuse(response, misbehaviour.status, misbehaviour.headers);
    if (misbehaviour?.redirect !== undefined) return redirect(response, misbehaviour.redirect);
    const repository = this.#repositories.get(name);
    const authorized = request.headers.authorization === `Bearer ${repository?.token}`;
    if (repository?.token !== undefined && !authorized && !(repository.gated && api))
      return repository.gated
        ? refuse(response, 403, { "x-error-code": "GatedRepo" })
        : refuse(response, 401, { "x-error-code": "RepoNotFound" });
    if (!repository) return refuse(response, 404, { "x-error-code": "RepoNotFound" });
    const named = decodeURIComponent(revision);
    const commit = repository.branches.get(named) ?? named;
    const contents = repository.commits.get(commit);
    if (!contents) return refuse(response, 404, { "x-error-code": "RevisionNotFound" });
    if (api) {
      const json = misbehaviour?.json ?? { id: name, sha: commit, siblings: [...contents].map(describe) };
      return this.#send(request, response, seen, Buffer.from(JSON.stringify(json)), misbehaviour);
    }
    const content = contents.get(path ?? "");
    if (!content) return refuse(response, 404, { "x-error-code": "EntryNotFound" });
    const signed = `${commit}/${path}?signature=abc`;
    if (isLarge(path!)) return redirect(response, `${this.storage}/${name}/${signed}`);
    // The hub itself redirects small files to a path of its own.
    if (!pathname.startsWith("/api/")) return redirect(response, `/api/resolve-cache${pathname}`);
    return this.#send(request, response, seen, content, misbehaviour);
  }

  async #onStorage(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? "/", this.storage);
    const [, name = "", commit = "", path = ""] = /^\/([^/]+\/[^/]+)\/([^/]+)\/(.+)$/.exec(pathname) ?? [];
    const [seen, misbehaviour] = this.#see("storage", request, path);
    if (misbehaviour?.silent) return;
    if (misbehaviour?.status !== undefined)
      return refuse(response, misbehaviour.status, misbehaviour.headers);
    if (misbehaviour?.redirect !== undefined) return redirect(response, misbehaviour.redirect);
    const content = this.#repositories.get(name)?.commits.get(commit)?.get(path);
    // As S3 does: a request that is signed twice is refused.
    if (!content || request.headers.authorization !== undefined) return refuse(response, 400);
    return this.#send(request, response, seen, content, misbehaviour);
  }

  #see(
    server: SeenRequest["server"],
    request: IncomingMessage,
    file?: string,
  ): [SeenRequest, Misbehaviour | undefined] {
    const { headers, url: path = "" } = request;
    const seen: SeenRequest = {
      server,
      path,
      headers,
      sent: 0,
      ...(file === undefined ? {} : { file }),
      ...(headers.range === undefined ? {} : { range: headers.range }),
    };
    this.requests.push(seen);
    return [seen, this.misbehave(seen)];
  }

  async #send(
    request: IncomingMessage,
    response: ServerResponse,
    seen: SeenRequest,
    stored: Content,
    {
      content: other,
      headers,
      ignoreRange,
      cutAfter = Infinity,
      holdAfter = Infinity,
      pace,
    }: Misbehaviour = {},
  ): Promise<void> {
    const content: Content = other ?? stored;
    const size = sizeOf(content);
    const etag = headers?.["etag"] ?? `"${sha256(stored)}"`;
    const guard = request.headers["if-range"];
    const asked = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
    const partial = asked !== null && !ignoreRange && (guard === undefined || guard === etag);
    const from = partial ? Number(asked[1]) : 0;
    const to = partial ? Math.min(size, Number(asked[2]) + 1) : size;
    if (partial && from >= size) return refuse(response, 416);
    response.writeHead(partial ? 206 : 200, {
      etag,
      "accept-ranges": ignoreRange ? "none" : "bytes",
      "content-length": to - from,
      ...(partial ? { "content-range": `bytes ${from}-${to - 1}/${size}` } : {}),
      ...headers,
    });
    const step = pace?.bytes ?? 65_536;
    for (let at = from; at < to; at += step) {
      if (at >= from + holdAfter) return;
      const until = Math.min(to, at + step, from + cutAfter, from + holdAfter);
      seen.sent += until - at;
      if (until === from + cutAfter && until < to) {
        // What was written still arrives.
        response.write(slice(content, at, until), () => response.socket?.end());
        return;
      }
      const more = response.write(slice(content, at, until));
      if (response.destroyed) return;
      if (pace) await sleep(pace.milliseconds);
      else if (!more) await drained(response);
    }
    response.end();
  }
}

/** Resolves when more may be written, or when the connection is closed. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off("drain", done).off("close", done);
      resolve();
    };
    response.on("drain", done).on("close", done);
  });
}

const connectionsOf = (server: Server): Promise<number> =>
  new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });

const originOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const isLarge = (name: string): boolean => name.endsWith(".safetensors");

const sizeOf = (content: Content): number =>
  "zeros" in content ? content.head.byteLength + content.zeros : content.byteLength;

function slice(content: Content, from: number, to: number): Uint8Array {
  if (!("zeros" in content)) return content.subarray(from, to);
  const bytes = new Uint8Array(to - from);
  bytes.set(content.head.subarray(from, to));
  return bytes;
}

const known = new WeakMap<Content, string>();

function sha256(content: Content): string {
  // Nobody waits for the checksum of what is too large to be real.
  const bytes = "zeros" in content ? content.head : content;
  const hash = known.get(content) ?? createHash("sha256").update(bytes).digest("hex");
  known.set(content, hash);
  return hash;
}

function gitBlob([, content]: readonly [string, Content]): string {
  const bytes = "zeros" in content ? content.head : content;
  return createHash("sha1").update(`blob ${bytes.byteLength}\0`).update(bytes).digest("hex");
}

const describe = ([rfilename, content]: [string, Content]) => ({
  rfilename,
  size: sizeOf(content),
  blobId: gitBlob([rfilename, content]),
  ...(isLarge(rfilename)
    ? { lfs: { sha256: sha256(content), size: sizeOf(content), pointerSize: 134 } }
    : {}),
});

function refuse(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end('{"error":"no"}');
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(302, { location });
  response.end();
}
