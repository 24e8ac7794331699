import { open } from "node:fs/promises";
import { createConnection, createServer, type Server } from "node:net";
import { join } from "node:path";

/** The socket on which the owner of a folder listens. */
const socketName = "owner.sock";
/** What the address of a Unix socket can hold on every system (sun_path, less its closing zero). */
const longestAddress = 103;

/**
 * Makes this process the owner of a folder, for as long as it lives. The kernel closes a listening socket however a process
 * ends, and whoever shares the file system can ask, also from another process namespace, where process numbers say nothing.
 * @returns gives the folder up
 */
export async function own(folder: string): Promise<() => Promise<void>> {
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
  return () => new Promise((resolve) => server.close(() => resolve()));
}

/**
 * Whether a process that lives owns the folder.
 * @returns `never` when the folder was never owned; `unknown` when it cannot be found out
 */
export function ownerOf(folder: string): Promise<"lives" | "ended" | "never" | "unknown"> {
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
          if (code === "ECONNREFUSED") resolve("ended");
          else resolve(code === "ENOENT" || code === "ENOTDIR" ? "never" : "unknown");
        });
      }),
  );
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
