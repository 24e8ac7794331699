import { Problem } from "@espalier/contract";

const day = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** How a time zone's clocks differ from UTC. */
export interface Zone {
  /** Milliseconds by which a clock there is ahead of UTC at an instant. */
  offset(instant: number): number;
  /** The first instant after `from` and not after `to` at which the clocks are changed; undefined when they are not. */
  change(from: number, to: number): number | undefined;
}

/**
 * @param name IANA name
 * @throws {Problem} `request/invalid` for a name that this system does not know
 */
export function zoneOf(name: string): Zone {
  const format = formatOf(name);
  const offset = (instant: number): number => {
    const text = format.format(instant);
    const [, sign, hours = "0", minutes = "0", seconds = "0"] =
      /GMT([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(text) ?? [];
    const size = (Number(hours) * 60 + Number(minutes)) * 60_000 + Number(seconds) * 1000;
    return sign === "-" ? -size : size;
  };
  return {
    offset,
    change(from, to) {
      const before = offset(from);
      let known = from;
      // Two changes are never within one day.
      for (let at = Math.min(from + day, to); known < to; at = Math.min(at + day, to)) {
        if (offset(at) !== before) return firstWith(offset, known, at, before);
        known = at;
      }
      return undefined;
    },
  };
}

/** The first instant of (from, to] at which the offset is no longer `before`. Changes come at whole seconds. */
function firstWith(offset: Zone["offset"], from: number, to: number, before: number): number {
  let [low, high] = [Math.floor(from / 1000), Math.ceil(to / 1000)];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offset(middle * 1000) === before) low = middle;
    else high = middle;
  }
  return high * 1000;
}

function formatOf(name: string): Intl.DateTimeFormat {
  const known = formats.get(name);
  if (known) return known;
  try {
    if (!/^[A-Za-z]/.test(name)) throw new RangeError("an offset is no name");
    const format = new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" });
    // A client may name many; the spelling of letters is free.
    if (formats.size < 1000) formats.set(name, format);
    return format;
  } catch {
    throw new Problem("request/invalid", `There is no time zone \`${name}\`.`, { field: "/timezone" });
  }
}
