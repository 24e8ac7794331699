import type { Team } from "@espalier/contract";
import { formatBytes } from "../terminal/format.ts";
import { formatTable } from "../terminal/table.ts";

const number = (value: number): string => String(Math.round(value * 10) / 10);
const of = (used: number, limit: number | null | undefined): string =>
  limit === undefined || limit === null ? number(used) : `${number(used)} of ${number(limit)}`;

const stored = (bytes: number | undefined, limit: number | null | undefined): string =>
  bytes === undefined
    ? ""
    : limit == null
      ? formatBytes(bytes)
      : `${formatBytes(bytes)} of ${formatBytes(limit)}`;

/** A team, or a user of one. */
type Row = Pick<Team, "name" | "weight" | "period" | "runningDevices" | "usedDeviceHours" | "queuedRuns"> & {
  quota: Team["quota"];
  /** Of a team; absent from an API of before. */
  storedBytes?: number;
  urgent?: Team["urgent"];
};

/** Lines of a table of teams and users: what they may have and what they use. */
export const teamTable = (rows: readonly Row[]): string[] =>
  formatTable(rows, [
    { title: "TEAM", value: ({ name }) => name },
    { title: "WEIGHT", value: ({ weight }) => number(weight), align: "right" },
    {
      title: "DEVICES",
      value: ({ runningDevices, quota }) => of(runningDevices, quota.devices),
      align: "right",
    },
    {
      title: "BORROWS",
      value: ({ quota }) => (quota.borrowing == null ? "any" : number(quota.borrowing)),
      align: "right",
    },
    {
      title: "HOURS",
      value: ({ usedDeviceHours, quota }) => of(usedDeviceHours, quota.deviceHours),
      align: "right",
    },
    { title: "PERIOD", value: ({ period }) => period },
    { title: "QUEUED", value: ({ queuedRuns, quota }) => of(queuedRuns, quota.queuedRuns), align: "right" },
    { title: "STORED", value: ({ storedBytes, quota }) => stored(storedBytes, quota.bytes), align: "right" },
    { title: "URGENT", value: ({ urgent = "" }) => urgent },
  ]);
