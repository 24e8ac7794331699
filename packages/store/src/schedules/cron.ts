import { Problem } from "@espalier/contract";

interface Field {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  /** Words for the values from `least` on. */
  readonly words?: readonly string[];
}

const fields = [
  { name: "minute", least: 0, most: 59 },
  { name: "hour", least: 0, most: 23 },
  { name: "day of the month", least: 1, most: 31 },
  {
    name: "month",
    least: 1,
    most: 12,
    words: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
  },
  // 7 is Sunday too.
  { name: "day of the week", least: 0, most: 7, words: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
] as const satisfies readonly Field[];

/** What other programs allow and crontab(5) does not, with what to write instead. */
const foreign: readonly [pattern: RegExp, what: string][] = [
  [/^@/, "a name for a schedule; write its five fields, such as `0 0 * * *` for @daily"],
  [/h/i, "the H of Jenkins; write a number"],
  [/\?/, "the ? of Quartz; write *"],
  [/[lw#]/i, "the L, W and # of Quartz, which are not known here; write days by their numbers"],
];

/** A cron expression: the minutes at which a clock on the wall says that it is due. */
export interface Cron {
  /** In order, as are the hours. */
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  /** Whether it is due in every hour of a day, and so repeats by the hour or faster. */
  readonly hourly: boolean;
  /** @param month from 1; @param weekday 0 is Sunday */
  isDay(day: number, month: number, weekday: number): boolean;
}

/**
 * Five fields as crontab(5) has them: `*`, numbers, ranges, lists, and steps of `*` or of a range; names of three letters for months
 * and days of the week. Where both kinds of day are restricted, either will do; a field that begins with `*` does not count as
 * restricted.
 * @throws {Problem} `request/invalid` naming the field that is not understood
 */
export function parseCron(expression: string): Cron {
  const parts = expression.trim().split(/\s+/);
  if (parts.length !== 5 || parts[0]!.startsWith("@")) {
    const other = foreign.find(([pattern]) => parts.length < 3 && pattern.test(parts[0]!));
    throw invalid(
      other
        ? `\`${expression}\` is ${other[1]}`
        : `\`${expression}\` does not have the five fields of a cron expression: minute, hour, day, month, weekday`,
    );
  }
  const [minutes, hours, days, months, weekdays] = fields.map((field, i) =>
    parseField(field, parts[i]!, expression),
  ) as [Set<number>, Set<number>, Set<number>, Set<number>, Set<number>];
  if (weekdays.has(7)) weekdays.add(0);
  const either = !parts[2]!.startsWith("*") && !parts[4]!.startsWith("*");
  return {
    minutes: sorted(minutes),
    hours: sorted(hours),
    hourly: hours.size === 24,
    isDay: (day, month, weekday) =>
      months.has(month) &&
      (either ? days.has(day) || weekdays.has(weekday) : days.has(day) && weekdays.has(weekday)),
  };
}

const sorted = (values: ReadonlySet<number>): number[] => [...values].sort((a, b) => a - b);

function parseField(field: Field, text: string, expression: string): Set<number> {
  const { name, least, most } = field;
  const values = new Set<number>();
  const wrong = (what: string): never => {
    throw invalid(`\`${expression}\` is no cron expression: ${what} in the field of the ${name}`);
  };
  for (const item of text.split(",")) {
    const [, any, from, to, step] =
      /^(?:(\*)|([0-9]+|[a-z]{3})(?:-([0-9]+|[a-z]{3}))?)(?:\/([0-9]+))?$/i.exec(item) ?? [];
    const first = any === undefined ? valueOf(field, from) : least;
    const last = any === undefined ? valueOf(field, to ?? from) : name === "day of the week" ? 6 : most;
    if (first === undefined || last === undefined) {
      const other = foreign.find(([pattern]) => pattern.test(item));
      return wrong(
        other
          ? `\`${item}\` has ${other[1]}`
          : `\`${item.slice(0, 40)}\` is not understood; it takes ${least} to ${most}`,
      );
    }
    if (first > last) wrong(`the range ${item} runs backwards; write it as two, separated by a comma`);
    if (step !== undefined && any === undefined && to === undefined)
      wrong(`${item} has a step without a range; write ${from}-${most}/${step}`);
    const by = Number(step ?? 1);
    if (by < 1 || by > most) wrong(`the step ${step} is not between 1 and ${most}`);
    for (let value = first; value <= last; value += by) values.add(value);
  }
  return values;
}

function valueOf({ least, most, words }: Field, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d/.test(text) ? Number(text) : (words ?? []).indexOf(text.toLowerCase()) + least;
  if (!/^\d/.test(text) && value < least) return undefined;
  return value >= least && value <= most ? value : undefined;
}

const invalid = (detail: string) => new Problem("request/invalid", `${detail}.`, { field: "/cron" });
