import { createClient, isProblem } from "@espalier/contract";
import type { Check } from "./examine.ts";
import { ok, unknown, wrong, type Finding } from "./finding.ts";

const patienceMs = 5_000;

/** Whether the API answers, what it says of its servers, and whether it takes the key. */
export const checkApi: Check = async ({ url, key }, known) => {
  if (url === undefined)
    return [
      wrong(
        "API",
        "No service is named, so no API was asked.",
        "Start one here (`espalier up`), or give --url (ESPALIER_URL).",
      ),
    ];
  const answer = await fetch(`${url.replace(/\/+$/, "")}/readyz`, {
    signal: AbortSignal.timeout(patienceMs),
  }).catch((error: unknown) => String((error as { cause?: unknown }).cause ?? error));
  if (typeof answer === "string")
    return [
      wrong(
        "API",
        `${url} gives no answer (${answer}).`,
        "Start the API, and look at the end of its log if it ends again; check --url.",
      ),
    ];
  const said = (await answer.json().catch(() => ({}))) as Record<string, string | undefined>;
  if (said["status"] === undefined)
    return [
      wrong("API", `What answers at ${url} is not an API of Espalier.`, "Give its own address with --url."),
    ];
  const away = ["database", "queue", "dataFolder"].filter(
    (part) => said[part] !== "up" && said[part] !== "ready",
  );
  const found: Finding[] =
    away.length === 0
      ? [ok("API", `${url} is ready`)]
      : [
          wrong(
            "API",
            `${url} answers that it is ${said["status"]}: ${away.map((part) => `${part} ${said[part]}`).join(", ")}.`,
            "Mend what it names; the other lines here say more.",
          ),
        ];
  if (key === undefined)
    return [
      ...found,
      unknown("API", "No key was given (--key, ESPALIER_KEY), so the API was not asked about the pool."),
    ];
  try {
    known.pool = await createClient({ url, key }).pool();
    return [...found, ok("API", `version ${known.pool.version}`)];
  } catch (error) {
    if (!isProblem(error)) throw error;
    const action = error.code.startsWith("auth/")
      ? "Give the key of this service with --key or ESPALIER_KEY."
      : "Mend what the other lines name, and look at the log of the API.";
    return [...found, wrong("API", `It does not tell of the pool: ${error.code}: ${error.message}`, action)];
  }
};
