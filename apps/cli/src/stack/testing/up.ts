import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createClient, type Client } from "@espalier/contract";

/** A stack that `espalier up` keeps running. */
export interface Up {
  process: ChildProcess;
  url: string;
  key: string;
  client: Client;
}

/** The arguments for Node to run `espalier up` of the clone in `root`. */
export const upCommand = (root: string, folder: string): string[] => [
  join(root, "dist/cli.mjs"),
  "up",
  "--json",
  "--data",
  folder,
];

/** Starts `espalier up` of the clone or package in `root` as a process of its own; resolves once it has said where it is. */
export async function startUp(root: string, folder: string, cwd = root): Promise<Up> {
  const child = spawn(process.execPath, upCommand(root, folder), {
    cwd,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await Promise.race([
    once(createInterface({ input: child.stdout }), "line"),
    once(child, "exit").then(([code]) => Promise.reject(new Error(`espalier up ended with ${code}`))),
  ])) as [string];
  const { url, key } = JSON.parse(line) as { url: string; key: string };
  return { process: child, url, key, client: createClient({ url, key }) };
}

/** Ends `espalier up` by a signal; resolves with its exit code, null where the signal killed it. */
export async function endUp(up: Up, signal: NodeJS.Signals): Promise<number | null> {
  if (up.process.exitCode !== null || up.process.signalCode !== null) return up.process.exitCode;
  const ended = once(up.process, "exit") as Promise<[number | null]>;
  up.process.kill(signal);
  return (await ended)[0];
}
