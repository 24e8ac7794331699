import { Problem } from "@espalier/contract";
import { parseCron, type Cron } from "./cron.ts";
import { zoneOf } from "./zone.ts";

const minute = 60_000;
const day = 24 * 60 * minute;
/** The calendar repeats its weekdays within 40 years, also where a century has no leap day. */
const horizon = 41 * 366 * day;

/**
 * When a cron expression is due next, strictly after an instant. A time of day that a change of the clocks leaves out is due at
 * the change; one that a change repeats is due once, at the first. What is due in every hour goes by the clock as it runs: nothing
 * is made up for, and what is repeated is due again. Our own, because cron-parser and croner lose a day, or a week, where clocks jump
 * at midnight.
 * @param cron five fields, as crontab(5) has them
 * @param timezone IANA name
 * @throws {Problem} `request/invalid` for a wrong expression, and for one whose time never comes
 */
export function nextTime(
  { cron: expression, timezone }: { cron: string; timezone: string },
  after: Date,
): Date {
  const cron = parseCron(expression);
  const zone = zoneOf(timezone);
  const start = after.getTime();
  let offset = zone.offset(start);
  // What the clock must be past: where it has just been set back, it runs a second time to where it was.
  let passed = start + offset;
  const recent = zone.change(start - day, start);
  if (recent !== undefined && !cron.hourly) {
    const before = zone.offset(recent - 1);
    passed = Math.max(passed, recent + before - 1);
  }
  for (let from = start; ;) {
    const wall = nextWall(cron, passed);
    if (wall === undefined)
      throw new Problem(
        "request/invalid",
        `\`${expression}\` is no cron expression: it names a day that never comes.`,
        { field: "/cron" },
      );
    const due = wall - offset;
    const change = zone.change(from, due);
    if (change === undefined) return new Date(due);
    const [before, then] = [change + offset, change + zone.offset(change)];
    if (then > before && !cron.hourly && wall < then) return new Date(change);
    passed = cron.hourly ? then - 1 : Math.max(before, then) - 1;
    offset = then - change;
    from = change;
  }
}

/** The first minute after `passed` at which the clock on the wall says that it is due; times of the wall as if they were UTC. */
function nextWall(cron: Cron, passed: number): number | undefined {
  const first = Math.floor(passed / minute) * minute + minute;
  for (let date = Math.floor(first / day) * day; date < first + horizon; date += day) {
    const wall = new Date(date);
    if (!cron.isDay(wall.getUTCDate(), wall.getUTCMonth() + 1, wall.getUTCDay())) continue;
    for (const hour of cron.hours)
      for (const each of cron.minutes) {
        const at = date + (hour * 60 + each) * minute;
        if (at >= first) return at;
      }
  }
  return undefined;
}
