import { prepareDeliveryQueues } from "@espalier/queue";
import { giveToOwner, grantedRoles, migrate } from "@espalier/store";
import type { FastifyBaseLogger } from "fastify";
import type { Config } from "./config.ts";

/**
 * Brings the database up to date as its owner, with the roles of API and worker, and the delivery queues where they are on it. What
 * the roles lack or have too much is said in the log, and by `espalier doctor`; the API serves all the same.
 */
export async function migrateDatabase(config: Config, log: FastifyBaseLogger): Promise<void> {
  const { databaseUrl, sessionUrl = databaseUrl, workerUrl, redisUrl, ownerUrl = sessionUrl } = config;
  const logins = [sessionUrl, ...(workerUrl === undefined ? [] : [workerUrl])];
  const { migrations, repeatables, roles } = await migrate(ownerUrl, undefined, logins);
  if (migrations.length > 0 || repeatables === "applied")
    log.info({ migrations, repeatables }, "database migrated");
  if (repeatables === "newer")
    log.warn("a newer version has migrated the database; its functions, views and triggers stay");
  if (roles.length > 0)
    log.warn(
      { roles },
      "the database does not keep API and workers apart; docs/operations.md says how it does",
    );
  if (redisUrl === undefined) await prepareDeliveryQueues(ownerUrl, [grantedRoles.api, grantedRoles.worker]);
}

/** `node dist/api.mjs owner`: see `giveToOwner`. */
export async function makeOwner({ superuserUrl, ownerUrl, databaseUrl, sessionUrl, workerUrl }: Config) {
  if (superuserUrl === undefined || ownerUrl === undefined)
    throw new Error(
      "The environment is not complete: ESPALIER_DATABASE_SUPERUSER_URL and ESPALIER_DATABASE_OWNER_URL say who gives the database to whom.",
    );
  const logins = [ownerUrl, sessionUrl ?? databaseUrl, ...(workerUrl === undefined ? [] : [workerUrl])];
  await giveToOwner(superuserUrl, logins);
}
