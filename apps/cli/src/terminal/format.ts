import type { Author } from "@espalier/contract";

const units = ["B", "kB", "MB", "GB", "TB"] as const;

/** `8123456` → `8.1 MB`; decimal units. */
export function formatBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${trim(bytes / 1000 ** power)} ${units[power]}`;
}

/** `4200000` → `4.2 M` */
export function formatCount(count: number): string {
  if (count >= 1e9) return `${trim(count / 1e9)} G`;
  if (count >= 1e6) return `${trim(count / 1e6)} M`;
  return Math.round(count).toLocaleString("en");
}

/** `75_000` ms → `1m 15s` */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${seconds % 60}s`;
  return `${Math.floor(seconds / 3600)}h ${Math.floor((seconds % 3600) / 60)}m`;
}

/** `ann, key laptop`, and `ann, schedule weekly` for what a schedule did */
export function formatAuthor({ user, key, schedule }: Author): string {
  if (schedule) return `${user}, schedule ${schedule.name}`;
  return key ? `${user}, key ${key.name}` : user;
}

const trim = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(1));
