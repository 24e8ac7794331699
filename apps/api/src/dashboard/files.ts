import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

export const encodings = ["br", "gzip"] as const;
export type ContentEncoding = (typeof encodings)[number];

/** A file of the dashboard, with what it is compressed to. */
export interface DashboardFile {
  type: string;
  etag: string;
  content: Buffer;
  compressed: Partial<Record<ContentEncoding, Buffer>>;
}

/** The page, and the files that it loads by their paths. */
export interface DashboardFiles {
  page: string;
  files: ReadonlyMap<string, DashboardFile>;
}

const types: Readonly<Record<string, string>> = {
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};
const endings = { br: ".br", gzip: ".gz" } as const satisfies Record<ContentEncoding, string>;

const built = fileURLToPath(new URL("../../../../dist/dashboard", import.meta.url));

/**
 * Reads the dashboard as infra/dashboard.mjs has built it. All of it is kept in memory, less than a megabyte, so that an API serves what
 * it started with, also where it is built anew.
 * @returns undefined where it was not built
 */
export function readDashboard(folder = built): DashboardFiles | undefined {
  if (!existsSync(join(folder, "index.html"))) return undefined;
  const files = new Map<string, DashboardFile>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const type = types[entry.name.split(".").at(-1)!];
    if (!entry.isFile() || type === undefined) continue;
    const content = readFileSync(path);
    const compressed: DashboardFile["compressed"] = {};
    for (const encoding of encodings)
      if (existsSync(path + endings[encoding])) compressed[encoding] = readFileSync(path + endings[encoding]);
    const etag = `"${createHash("sha256").update(content).digest("base64url").slice(0, 27)}"`;
    files.set(relative(folder, path).split(sep).join("/"), { type, etag, content, compressed });
  }
  return { page: readFileSync(join(folder, "index.html"), "utf8"), files };
}
