import { Problem } from "@espalier/contract";
import type { HubConnection, HubResponse } from "./connection.ts";
import { Fault, waitAskedFor } from "./fault.ts";

/** What was asked for, for the words of a refusal. */
export interface Asked {
  readonly hub: string;
  readonly revision: string;
  /** Absent for the repository itself. */
  readonly file?: string;
}

/** Statuses of a server that may answer well the next time. */
const passing = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * Lets a success through; anything else is a Fault or a Problem, and its body is dropped.
 * @param accepted statuses that are a success here
 */
export function accept(
  connection: HubConnection,
  response: HubResponse,
  asked: Asked,
  accepted: readonly number[],
): void {
  const { status, headers, url, body } = response;
  if (accepted.includes(status)) return;
  body.destroy();
  const said = `${url.host} answered ${status}`;
  const retryAfter = waitAskedFor(headers);
  if (retryAfter !== undefined && passing.has(status)) connection.pause(retryAfter);
  // A link to a storage server is signed for each request, and may have expired on the way.
  if (passing.has(status) || (status >= 400 && !connection.isHub(url))) throw new Fault(said, { retryAfter });
  throw refusal(connection.hasToken, headers["x-error-code"], status, asked) ?? unexpected(said, asked);
}

/** What the hub means by a status and its `X-Error-Code`, in words that say what to do. */
function refusal(
  hasToken: boolean,
  code: string | undefined,
  status: number,
  { hub, revision, file }: Asked,
): Problem | undefined {
  const facts = file === undefined ? {} : { file };
  if (status === 401 || status === 403) {
    const token = hasToken ? "this token" : "an import without a token";
    const todo =
      code === "GatedRepo"
        ? "it is gated: accept its terms on its page, and send a token of that account"
        : status === 401 && !hasToken
          ? "check the name, and send a token if it is private"
          : "send a token that may read it";
    return new Problem("hub/access-denied", `The hub does not let ${token} read ${hub}; ${todo}.`, facts);
  }
  if (status !== 404) return undefined;
  if (code === "RevisionNotFound")
    return new Problem(
      "hub/not-found",
      `${hub} has no revision ${revision}; check the branch, tag or commit.`,
    );
  if (file !== undefined)
    return new Problem("hub/not-found", `${hub} lists ${file} at ${revision}, but does not have it.`, facts);
  const hint = hasToken ? "" : "; a private repository needs a token";
  return new Problem("hub/not-found", `The hub has no model ${hub}; check the name${hint}.`);
}

const unexpected = (said: string, { hub, file }: Asked): Problem =>
  new Problem("hub/malformed", `${said} when asked for ${file === undefined ? hub : `${file} of ${hub}`}.`);
