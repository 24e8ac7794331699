import fc from "fast-check";
import { expect, test } from "vitest";
import { nextTime } from "./next-time.ts";

const minute = 60_000;
const day = 24 * 60 * minute;
const [first, last] = [Date.UTC(2026, 0, 1), Date.UTC(2036, 0, 1)];
/** ESPALIER_ALL_ZONES=1 goes through every change of every zone in ten years; else some of them are drawn. */
const everything = process.env.ESPALIER_ALL_ZONES === "1";

/** What the clock on the wall shows, as the platform formats it. */
function clockOf(timeZone: string): (instant: number) => string {
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "short" });
  return (instant) => format.format(instant);
}
const wallOf = (shown: string): number => Date.parse(`${shown.replace(" ", "T")}Z`);

/** Instants near which the clocks of a zone are changed. */
function changes(timeZone: string): number[] {
  const clock = clockOf(timeZone);
  const ahead = (instant: number) => wallOf(clock(instant)) - instant;
  const found: number[] = [];
  for (let at = first; at < last; at += day) if (ahead(at) !== ahead(at + day)) found.push(at);
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
  timeZone: string,
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
  const clock = clockOf(timeZone);
  const due = new Set<number>();
  const seen = new Set<number>();
  let previous = wallOf(clock(from - 2 * day - minute));
  for (let at = from - 2 * day; at <= to; at += minute) {
    const wall = wallOf(clock(at));
    const leftOut: number[] = [];
    for (let missed = previous + minute; missed < wall; missed += minute) leftOut.push(missed);
    const counted = hourly ? [wall] : [...leftOut, wall].filter((each) => !seen.has(each));
    if (counted.some(isDue) && at > from) due.add(at);
    for (const each of [...leftOut, wall]) seen.add(each);
    previous = wall;
  }
  return [...due];
}

function inTurn(cron: string, timezone: string, from: number, to: number): number[] {
  const times: number[] = [];
  for (let at = from; ;) {
    try {
      at = nextTime({ cron, timezone }, new Date(at)).getTime();
    } catch {
      return times;
    }
    if (at > to) return times;
    times.push(at);
  }
}

const check = (cron: { fields: readonly Field[]; text: string }, zone: string, from: number): void => {
  const to = from + 3 * day;
  const seen = bySight(cron, zone, from, to);
  expect({ cron: cron.text, zone, from: new Date(from), times: inTurn(cron.text, zone, from, to) }).toEqual({
    cron: cron.text,
    zone,
    from: new Date(from),
    times: seen,
  });
};

test(
  "due times are those that somebody would see who looks at the clock each minute, in every zone",
  { timeout: 3_600_000 },
  () => {
    const zones = Intl.supportedValuesOf("timeZone");
    if (everything) {
      for (const zone of zones)
        for (const change of [first, ...changes(zone)])
          fc.assert(
            fc.property(crons, fc.nat(2 * 24 * 60), (cron, before) =>
              check(cron, zone, change - before * minute),
            ),
            { numRuns: 3 },
          );
      return;
    }
    // Those of which clocks jump at midnight or by half an hour, and any.
    const odd = ["Africa/Cairo", "America/Havana", "America/Santiago", "Australia/Lord_Howe", "Asia/Beirut"];
    const drawn = fc.oneof(fc.constantFrom(...odd), fc.constantFrom(...zones)).chain((zone) => {
      const at = changes(zone);
      return fc.record({
        zone: fc.constant(zone),
        change:
          at.length === 0
            ? fc.integer({ min: first / minute, max: last / minute }).map((n) => n * minute)
            : fc.constantFrom(...at),
      });
    });
    fc.assert(
      fc.property(drawn, crons, fc.nat(2 * 24 * 60), ({ zone, change }, cron, before) =>
        check(cron, zone, change - before * minute),
      ),
      { numRuns: 25 },
    );
  },
);
