import fc from "fast-check";
import { expect, test } from "vitest";
import { nextTime } from "./next-time.ts";

const minute = 60_000;
const day = 24 * 60 * minute;
const [first, last] = [Date.UTC(2026, 0, 1), Date.UTC(2036, 0, 1)];
/** ESPALIER_ALL_ZONES=1 goes through every change of every zone in ten years; else some of them are drawn. */
const everything = process.env.ESPALIER_ALL_ZONES === "1";

const quarter = 15 * minute;

/**
 * What the clock on the wall shows at a whole minute, as the platform formats it; times of the wall as if they were UTC. To format
 * takes microseconds, so that each quarter of an hour is looked at once, and each minute of one in which the clocks are changed.
 */
function clockOf(timeZone: string): (instant: number) => number {
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "short" });
  const look = (instant: number): number =>
    Date.parse(`${format.format(instant).replace(" ", "T")}Z`) - instant;
  const known = new Map<number, number>();
  const ahead = (instant: number): number => {
    let found = known.get(instant);
    if (found === undefined) known.set(instant, (found = look(instant)));
    return found;
  };
  return (instant) => {
    const begin = Math.floor(instant / quarter) * quarter;
    const same = ahead(begin);
    return instant + (ahead(begin + quarter) === same ? same : ahead(instant));
  };
}

/** Instants near which the clocks of a zone are changed. */
function changes(clock: (instant: number) => number): number[] {
  const found: number[] = [];
  let before = clock(first) - first;
  for (let at = first; at < last; at += day) {
    const after = clock(at + day) - at - day;
    if (after !== before) found.push(at);
    before = after;
  }
  return found;
}

/** A field as it is written, and the values that it stands for. */
interface Field {
  text: string;
  has: (value: number) => boolean;
}

const field = (least: number, most: number) => {
  const number = fc.integer({ min: least, max: most });
  const any: Field = { text: "*", has: () => true };
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant(any) },
    number.map((n): Field => ({ text: `${n}`, has: (value) => value === n })),
    fc
      .tuple(number, number)
      .map(([a, b]): Field => ({ text: `${a},${b}`, has: (value) => value === a || value === b })),
    fc.tuple(number, number, fc.integer({ min: 1, max: 7 })).map(([a, b, step]): Field => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      return {
        text: `${from}-${to}/${step}`,
        has: (value) => value >= from && value <= to && (value - from) % step === 0,
      };
    }),
    fc
      .integer({ min: 1, max: 7 })
      .map((step): Field => ({ text: `*/${step}`, has: (value) => (value - least) % step === 0 })),
  );
};
const anything = fc.constant<Field>({ text: "*", has: () => true });
const crons = fc
  .tuple(
    field(0, 59),
    // Most clocks are changed in the first hours.
    fc.oneof(field(0, 23), field(0, 3)),
    fc.oneof(anything, field(1, 31)),
    anything,
    fc.oneof(anything, field(0, 6)),
  )
  .map((fields) => ({ fields, text: fields.map(({ text }) => text).join(" ") }));

/** Every due time from `from` to `to`, by looking at the clock each minute from two days before. */
function bySight(
  { fields }: { fields: readonly Field[] },
  clock: (instant: number) => number,
  from: number,
  to: number,
): number[] {
  const [minutes, hours, days, months, weekdays] = fields as [Field, Field, Field, Field, Field];
  const hourly = Array.from({ length: 24 }, (_, hour) => hour).every((hour) => hours.has(hour));
  const free = days.text.startsWith("*") || weekdays.text.startsWith("*");
  const isDue = (wall: number): boolean => {
    const date = new Date(wall);
    const [byDay, byWeekday] = [days.has(date.getUTCDate()), weekdays.has(date.getUTCDay())];
    return (
      minutes.has(date.getUTCMinutes()) &&
      hours.has(date.getUTCHours()) &&
      months.has(date.getUTCMonth() + 1) &&
      (free ? byDay && byWeekday : byDay || byWeekday)
    );
  };
  const due = new Set<number>();
  const seen = new Set<number>();
  let previous = clock(from - 2 * day - minute);
  for (let at = from - 2 * day; at <= to; at += minute) {
    const wall = clock(at);
    const leftOut: number[] = [];
    for (let missed = previous + minute; missed < wall; missed += minute) leftOut.push(missed);
    const counted = hourly ? [wall] : [...leftOut, wall].filter((each) => !seen.has(each));
    if (counted.some(isDue) && at > from) due.add(at);
    for (const each of [...leftOut, wall]) seen.add(each);
    previous = wall;
  }
  return [...due];
}

/** The next due time, or nothing where it is after `to`. */
function nextUntil(to: number, cron: string, timezone: string, after: number): number | undefined {
  try {
    const at = nextTime({ cron, timezone }, new Date(after)).getTime();
    return at > to ? undefined : at;
  } catch {
    return undefined;
  }
}

/** Of so many due times each is asked for; of more those near the change, and some of the others. */
const mostAsked = 100;

/** A zone with its clock. */
interface Place {
  zone: string;
  clock: (instant: number) => number;
}

function check(
  cron: { fields: readonly Field[]; text: string },
  { zone, clock }: Place,
  { change, before }: { change: number; before: number },
): void {
  const from = change - before * minute;
  const to = from + 3 * day;
  const seen = bySight(cron, clock, from, to);
  const step = Math.ceil(seen.length / mostAsked);
  const isAsked = (at: number, i: number) =>
    i % step === 0 || (at > change - 70 * minute && at < change + day + 70 * minute && i % 7 === 0);
  const wrong = [from, ...seen].flatMap((after, i) => {
    const wanted = seen[i];
    if (i > 0 && !isAsked(after, i)) return [];
    const found = nextUntil(to, cron.text, zone, after);
    return found === wanted ? [] : [{ after: new Date(after), found, wanted }];
  });
  expect({ cron: cron.text, zone, wrong }).toEqual({ cron: cron.text, zone, wrong: [] });
}

test(
  "due times are those that somebody would see who looks at the clock each minute, in every zone",
  { timeout: 3_600_000 },
  () => {
    const zones = Intl.supportedValuesOf("timeZone");
    if (everything) {
      for (const zone of zones) {
        const clock = clockOf(zone);
        for (const change of [first, ...changes(clock)])
          fc.assert(
            fc.property(crons, fc.nat(2 * 24 * 60), (cron, before) =>
              check(cron, { zone, clock }, { change, before }),
            ),
            { numRuns: 3 },
          );
      }
      return;
    }
    // Those of which clocks jump at midnight or by half an hour, and any.
    const odd = ["Africa/Cairo", "America/Havana", "America/Santiago", "Australia/Lord_Howe", "Asia/Beirut"];
    const drawn = fc.oneof(fc.constantFrom(...odd), fc.constantFrom(...zones)).chain((zone) => {
      const clock = clockOf(zone);
      const at = changes(clock);
      return fc.record({
        place: fc.constant({ zone, clock }),
        change:
          at.length === 0
            ? fc.integer({ min: first / minute, max: last / minute }).map((n) => n * minute)
            : fc.constantFrom(...at),
      });
    });
    fc.assert(
      fc.property(drawn, crons, fc.nat(2 * 24 * 60), ({ place, change }, cron, before) =>
        check(cron, place, { change, before }),
      ),
      { numRuns: 25 },
    );
  },
);
