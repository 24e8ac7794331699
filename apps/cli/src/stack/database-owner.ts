import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../repository.ts";
import { databaseName } from "./state.ts";

/** Passwords of the roles that log in, by their names; `espalier_owner` is one of them. */
export type Passwords = Readonly<Record<string, string>>;

/**
 * Gives the stack's database to its owner, who is no superuser, and lets the roles log in. It is done once, while no server runs on the data, and
 * then marked; where it is interrupted, it is done again. Stacks of earlier versions belong to the superuser until then.
 * @param home folder of the server's files
 * @param runAlone sends statements to the database of this name
 */
export function giveToOwner(
  home: string,
  passwords: Passwords,
  runAlone: (database: string, statements: string) => void,
): void {
  const mark = join(home, "owner");
  if (existsSync(mark)) return;
  const files = ["roles.sql", "owner.sql"].map((name) =>
    readFileSync(join(repository, "prisma", name), "utf8"),
  );
  const logins = Object.entries(passwords).map(
    ([role, password]) => `ALTER ROLE ${role} LOGIN PASSWORD '${password.replaceAll("'", "''")}';`,
  );
  // A statement ends with an empty line, and nowhere else.
  const statements = [...files, ...logins].map((each) => each.trim().replaceAll(/\n\s*\n/g, "\n"));
  runAlone(databaseName, `${statements.join("\n\n")}\n\n`);
  writeFileSync(mark, "The database belongs to espalier_owner.\n");
}
