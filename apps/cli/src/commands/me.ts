import { defineCommand } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { teamTable } from "../tables/team-table.ts";

export const me = defineCommand({
  name: "me",
  summary: "whose your API key is, what it may do, and what your team and you have used",
  examples: ["espalier me"],
  arity: [0, 0],
  options: {},
  async run({ output, connect }) {
    const found = await connect().me();
    if (output.json) output.printJson(found);
    else {
      const { team, user, key } = found;
      const role = key.operator ? `${key.role} and pool operator` : key.role;
      const ends =
        key.expiresAt === undefined ? "" : `, ends ${key.expiresAt.slice(0, 16).replace("T", " ")} UTC`;
      output.print(
        `user ${user?.name ?? "default"} of team ${team.name}, ${role}; key ${key.name} (${key.id})${ends}`,
      );
      for (const line of teamTable([team, ...(user ? [{ ...user, name: `  ${user.name}` }] : [])]))
        output.print(line);
      for (const note of team.notes) output.note(note);
    }
    return exitCode.ok;
  },
});
