import { Problem } from "@espalier/contract";
import { Poster } from "@espalier/model/outbound";
import type { Config } from "../config.ts";

/** Posts to public addresses by https, and to the origins that the operator has named. */
export const openPoster = ({ webhookOrigins, proxy }: Pick<Config, "webhookOrigins" | "proxy">): Poster =>
  new Poster({
    trusted: new Set(webhookOrigins),
    proxy,
    refuse: (host, why) =>
      new Problem(
        "webhook/address-refused",
        `Webhooks are not sent to ${host.slice(0, 255)}, ${why}; where that is meant, the operator allows its origin in ESPALIER_WEBHOOK_ORIGINS.`,
        { field: "/url" },
      ),
  });
