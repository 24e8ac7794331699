import type { Store } from "@espalier/store";
import type { FastifyBaseLogger } from "fastify";

/** Makes the key that the API was started with the pool's first one, and says what became of the keys before it. */
export async function bootstrap(
  { teams }: Pick<Store, "teams">,
  teamId: string,
  text: string,
  log: FastifyBaseLogger,
): Promise<void> {
  const done = await teams.bootstrapKey(teamId, text);
  if ("dead" in done)
    log.warn(
      { keyId: done.dead.id },
      "ESPALIER_BOOTSTRAP_KEY was revoked or has ended, and stays so; start with a new one to get in",
    );
  else if (done.retired.length > 0)
    log.info({ keyIds: done.retired }, "the bootstrap key was changed: those before it are revoked");
}
