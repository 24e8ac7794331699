import { formatDuration } from "../../apps/cli/src/terminal/format.ts";
import { formatPlot } from "../../apps/cli/src/terminal/plot.ts";
import { formatTable, type Column } from "../../apps/cli/src/terminal/table.ts";
import type { Trace } from "./job.ts";
import type { Figures, Summary } from "./summary.ts";

const duration = (minutes: number): string => formatDuration(minutes * 60_000);
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** Teams of which a table is shown; `--json` has all of them. */
const mostTeams = 20;

/** Lines that compare policies. */
export function formatReport(summaries: readonly Summary[], trace: Trace, columns: number): string[] {
  const first = summaries[0]!;
  return [
    ...formatTable(summaries, [
      { title: "policy", value: ({ policy }) => policy },
      ...figureColumns<Summary>((summary) => summary),
      { title: "in use", align: "right", value: ({ utilisation }) => percent(utilisation) },
      { title: "useful", align: "right", value: ({ usefulUtilisation }) => percent(usefulUtilisation) },
      { title: "fairness", align: "right", value: ({ fairness }) => fairness?.toFixed(3) ?? "-" },
      { title: "preemptions", align: "right", value: ({ preemptions }) => String(preemptions) },
      { title: "lost", align: "right", value: ({ lostDeviceHours }) => `${lostDeviceHours.toFixed(0)} h` },
    ]),
    "",
    ...formatTable(
      Object.keys(first.byClass).flatMap((name) => summaries.map((summary) => ({ name, summary }))),
      [
        { title: "class", value: ({ name }) => name },
        { title: "policy", value: ({ summary }) => summary.policy },
        {
          title: "jobs",
          align: "right",
          value: ({ name, summary }) => String(summary.byClass[name]!.waits.jobs),
        },
        ...figureColumns<{ name: string; summary: Summary }>(({ name, summary }) => summary.byClass[name]!),
      ],
    ),
    "",
    ...formatTeams(summaries, trace),
    ...(trace.teams.size > mostTeams ? [`(${trace.teams.size - mostTeams} more in --json)`] : []),
    ...summaries.flatMap((summary) => [
      "",
      `${summary.policy}: devices in use, %`,
      ...curve(
        summary.utilisationOverTime.map((share) => share * 100),
        columns,
      ),
      `${summary.policy}: runs waiting`,
      ...curve(summary.waitingOverTime, columns),
    ]),
  ];
}

/** p50 and p90 of every policy side by side. */
function formatTeams(summaries: readonly Summary[], { teams }: Trace): string[] {
  const at = (quantile: "p50" | "p90"): Column<string>[] =>
    summaries.map(({ policy, byTeam }) => ({
      title: `${quantile} ${policy}`,
      align: "right",
      value: (name) => duration(byTeam[name]!.waits[quantile]),
    }));
  return formatTable([...teams.keys()].slice(0, mostTeams), [
    { title: "team", value: (name) => name },
    { title: "weight", align: "right", value: (name) => String(teams.get(name)!.weight) },
    { title: "jobs", align: "right", value: (name) => String(summaries[0]!.byTeam[name]!.waits.jobs) },
    ...at("p50"),
    ...at("p90"),
  ]);
}

/** Waits until the last start, turnarounds and bounded slowdowns. */
const figureColumns = <Row>(figures: (row: Row) => Figures): Column<Row>[] => [
  ...(["p50", "p90", "p99", "max", "mean"] as const).map((name): Column<Row> => ({
    title: `wait ${name}`,
    align: "right",
    value: (row) => duration(figures(row).waits[name]),
  })),
  ...(["p50", "p90", "mean"] as const).map((name): Column<Row> => ({
    title: `turnaround ${name}`,
    align: "right",
    value: (row) => duration(figures(row).turnaround[name]),
  })),
  ...(["p50", "p90", "mean"] as const).map((name): Column<Row> => ({
    title: `slowdown ${name}`,
    align: "right",
    value: (row) => figures(row).slowdown[name].toFixed(2),
  })),
];

const curve = (values: readonly number[], columns: number): string[] =>
  formatPlot({ values, marks: {}, xTitle: "of 72 equal parts of the time", columns, height: 8 });
