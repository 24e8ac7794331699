import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Problem } from "@espalier/contract";

export interface SystemUser {
  name: string;
  uid: number;
  gid: number;
}

/** PostgreSQL refuses to run as root; the user to run it as instead. Undefined when this process is not root. */
export function databaseUser(): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  for (const wanted of ["postgres", "nobody"]) {
    const [name, , uid, gid] = users.find(([name]) => name === wanted) ?? [];
    if (name) return { name, uid: Number(uid), gid: Number(gid) };
  }
  throw new Problem(
    "service/unavailable",
    "PostgreSQL does not run as root, and there is no user `postgres` or `nobody` to run it as; start Espalier as another user.",
  );
}

/** Whether `user` may pass through every folder on the way to `folder`, itself included. */
export function canReach(folder: string, user: SystemUser): boolean {
  for (let path = resolve(folder); ; path = dirname(path)) {
    const { mode, uid, gid } = statSync(path);
    const search = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & search) === 0) return false;
    if (path === dirname(path)) return true;
  }
}
