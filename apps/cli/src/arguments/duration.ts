import { UsageError } from "../command.ts";

const seconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `90`, `30m`, `1h30m`, `2d` or `1:30:00` in seconds. */
export function parseDuration(name: string, text: string): number {
  const clock = /^(?:(\d+):)?(\d+):(\d\d)$/.exec(text);
  if (clock) return Number(clock[1] ?? 0) * 3600 + Number(clock[2]) * 60 + Number(clock[3]);
  if (/^\d+$/.test(text)) return Number(text);
  const parts = [...text.matchAll(/(\d+)([smhd])/g)];
  if (text === "" || parts.map(([part]) => part).join("") !== text)
    throw new UsageError(`--${name} must be a time such as 90s, 30m, 1h30m, 2d or 1:30:00, not \`${text}\``);
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * seconds[unit!]!, 0);
}
