import { randomBytes } from "node:crypto";
import { challengeHeader, proofHeader, proofOf } from "@espalier/process";

/**
 * Whether the API at an address is the one that was started with this token (`ESPALIER_INSTANCE`). Another one may have taken the
 * port, and must not be sent the key. Rejects while nothing answers.
 */
export async function isOwnApi(url: string, token: string): Promise<boolean> {
  const challenge = randomBytes(16).toString("hex");
  const answer = await fetch(`${url}/healthz`, { headers: { [challengeHeader]: challenge } });
  await answer.arrayBuffer();
  return answer.headers.get(proofHeader) === proofOf(token, challenge);
}
