import { Problem, reaches } from "@espalier/contract";
import type { OwnedNoun, Owners } from "@espalier/store";
import type { FastifyRequest } from "fastify";
import { principalOf } from "./principal.ts";

/**
 * Who may change what is somebody's: a maintainer all of the team's; a member what is its own user's, and what is nobody's in particular,
 * which is what the user `default` has made and what was made before it was kept by whom.
 * @param id default: that in the request's path
 * @throws {Problem} `auth/forbidden`; `resource/not-found`, as the route itself would
 */
export async function refuseNotOwn(
  request: FastifyRequest,
  noun: OwnedNoun,
  owners: Owners,
  id = (request.params as Record<string, string>)[`${noun}Id`]!,
): Promise<void> {
  const { teamId, userName, role } = principalOf(request);
  if (reaches(role, "maintainer")) return;
  const owner = await owners.of(noun, teamId, id);
  if (owner === undefined || owner === "default" || owner === userName) return;
  throw new Problem(
    "auth/forbidden",
    `The ${noun} ${id} is ${owner}'s; only a key of ${owner}, or one with the role \`maintainer\`, may do this.`,
  );
}
