import type { Team } from "@espalier/contract";
import { formatTable } from "../terminal/table.ts";

const number = (value: number): string => String(Math.round(value * 10) / 10);
const of = (used: number, limit: number | null | undefined): string =>
  limit === undefined || limit === null ? number(used) : `${number(used)} of ${number(limit)}`;

/** A team, or a user of one. */
type Row = Pick<Team, "name" | "weight" | "period" | "runningDevices" | "usedDeviceHours" | "queuedRuns"> & {
  quota: Team["quota"];
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
  ]);
