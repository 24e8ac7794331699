import { readFileSync } from "node:fs";
import { open, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { createConnection, createServer, type Server } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";

/** The socket on which the owner of a folder listens. */
const socketName = "owner.sock";
/** Names the system on which the owner runs; touched while it lives. */
const ownerName = "owner.json";
/** What the address of a Unix socket can hold on every system (sun_path, less its closing zero). */
const longestAddress = 103;
/** An owner of another system that has not touched its folder for so long has ended. Clocks may differ by less. */
const silentHours = 24;
const touchSeconds = 600;

/**
 * Makes this process the owner of a folder, for as long as it lives. The kernel closes a listening socket however a process
 * ends, and whoever runs on the same system can ask, also from another process namespace, where process numbers say nothing. To
 * other hosts that share the file system a socket always looks closed: for them the folder says which system it is
 * owned on, and is touched every ten minutes.
 * @returns gives the folder up
 */
export async function own(folder: string): Promise<() => Promise<void>> {
  const owner = join(folder, ownerName);
  await writeFile(owner, JSON.stringify({ system: thisSystem() }));
  const touching = setInterval(() => {
    const now = new Date();
    // A folder that is away for a while is touched when it is back.
    void utimes(owner, now, now).catch(() => undefined);
  }, touchSeconds * 1000);
  touching.unref();
  const server: Server = createServer((socket) => socket.destroy());
  await withAddress(
    folder,
    (address) =>
      new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(address, () => {
          server.off("error", reject);
          resolve();
        });
      }),
  );
  server.unref();
  return () => {
    clearInterval(touching);
    return new Promise((resolve) => server.close(() => resolve()));
  };
}

/**
 * Whether a process that lives owns the folder.
 * @param system the one that asks; default: this one
 * @returns `never` when the folder has had no owner yet, or one of an older version; `unknown` when it cannot be found out
 */
export async function ownerOf(
  folder: string,
  system = thisSystem(),
): Promise<"lives" | "ended" | "never" | "unknown"> {
  const owner = join(folder, ownerName);
  const owned = await readFile(owner, "utf8").then(systemOf, () => undefined);
  const answer = await ask(folder);
  // An answer can only come from this system. One whose socket is absent may be about to listen.
  if (answer === "lives" || answer === "unknown") return answer;
  if (owned === undefined || answer === "absent") return "never";
  if (owned === system) return "ended";
  const { mtimeMs } = await stat(owner).catch(() => ({ mtimeMs: Date.now() }));
  return Date.now() - mtimeMs > silentHours * 3_600_000 ? "ended" : "unknown";
}

/** Asks the owner by its socket. */
function ask(folder: string): Promise<"lives" | "closed" | "absent" | "unknown"> {
  return withAddress(
    folder,
    (address) =>
      new Promise((resolve) => {
        const socket = createConnection(address);
        socket.once("connect", () => {
          socket.destroy();
          resolve("lives");
        });
        socket.once("error", ({ code }: NodeJS.ErrnoException) => {
          if (code === "ECONNREFUSED") resolve("closed");
          else resolve(code === "ENOENT" || code === "ENOTDIR" ? "absent" : "unknown");
        });
      }),
  );
}

function systemOf(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { system?: string }).system;
  } catch {
    // The owner was killed while it wrote.
    return undefined;
  }
}

/** This start of this system, which is the same in all of its containers; or the host's name where there is no /proc. */
function thisSystem(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return hostname();
  }
}

/** Calls `use` with an address of the socket. A path that is too long for one is shortened by way of an open folder. */
async function withAddress<T>(folder: string, use: (address: string) => Promise<T>): Promise<T> {
  const path = join(folder, socketName);
  if (Buffer.byteLength(path) <= longestAddress || process.platform !== "linux") return use(path);
  const handle = await open(folder, "r");
  try {
    return await use(`/proc/self/fd/${handle.fd}/${socketName}`);
  } finally {
    await handle.close();
  }
}
