import { Problem } from "@espalier/contract";
import { CronExpressionParser } from "cron-parser";

/**
 * When a cron expression is due next, strictly after an instant. A time of day that a change of the clocks leaves out is due
 * at the change; one that a change repeats is due once.
 * @param cron five fields, as crontab(5) has them
 * @param timezone IANA name
 * @throws {Problem} `request/invalid` for a wrong expression, and for one whose time never comes
 */
export function nextTime({ cron, timezone }: { cron: string; timezone: string }, after: Date): Date {
  if (cron.trim().split(/\s+/).length !== 5)
    throw invalid(
      "/cron",
      `\`${cron}\` does not have the five fields of a cron expression: minute, hour, day, month, weekday`,
    );
  if (!isTimezone(timezone)) throw invalid("/timezone", `There is no time zone \`${timezone}\``);
  try {
    return CronExpressionParser.parse(cron, { currentDate: after, tz: timezone }).next().toDate();
  } catch (error) {
    throw invalid("/cron", `\`${cron}\` is no cron expression: ${(error as Error).message}`);
  }
}

const invalid = (field: string, detail: string) => new Problem("request/invalid", `${detail}.`, { field });

function isTimezone(name: string): boolean {
  try {
    Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
