/** `npm run simulate`: carries a trace of jobs through the scheduler's plan, and compares policies. */
import { createReadStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { defaultPolicy } from "@espalier/scheduler";
import { formatDuration } from "../../apps/cli/src/terminal/format.ts";
import { readArguments, usage, UsageError, type Arguments } from "./arguments.ts";
import { clusterOf, fitsOn } from "./cluster.ts";
import { partsOf, type Trace } from "./job.ts";
import { readPhilly, type Skipped } from "./philly.ts";
import { readRecords, TraceError } from "./records.ts";
import { formatReport } from "./report.ts";
import { Simulation } from "./simulation.ts";
import { summaryOf, type Summary } from "./summary.ts";
import { synthesize } from "./synthetic.ts";
import { views } from "./views.ts";

const note = (line: string): void => console.error(line);

async function readTrace({ source, devices }: Arguments): Promise<{ trace: Trace; skipped: Skipped[] }> {
  if ("synthetic" in source) return { trace: synthesize({ ...source.synthetic, devices }), skipped: [] };
  const chunks = createReadStream(source.trace, "utf8") as AsyncIterable<string>;
  const { trace, records, skipped } = await readPhilly(readRecords(chunks));
  note(`${records.toLocaleString("en")} records, ${trace.jobs.length.toLocaleString("en")} jobs`);
  for (const why of new Set(skipped.map((each) => each.why))) {
    const list = skipped.filter((each) => each.why === why);
    const some = list.slice(0, 5).map(({ number, line }) => `${number} (line ${line})`);
    const more = list.length > some.length ? ", ..." : "";
    note(`skipped ${list.length.toLocaleString("en")}: ${why}: record ${some.join(", ")}${more}`);
  }
  return { trace, skipped };
}

async function simulate(given: Arguments): Promise<void> {
  const { trace: whole, skipped } = await readTrace(given);
  const devices = clusterOf(given.devices);
  const fitting = whole.jobs.filter((job) => fitsOn(devices, job, defaultPolicy.memoryMargin));
  const tooLarge = whole.jobs.length - fitting.length;
  if (tooLarge > 0) note(`left out ${tooLarge.toLocaleString("en")}: no worker has such devices, or as many`);
  if (fitting.length === 0) throw new TraceError("there is no job that could run");
  const trace: Trace = { ...whole, jobs: fitting };
  const deviceHours = fitting.reduce((sum, job) => sum + (job.durationMs * job.devices) / 3_600_000, 0);
  note(
    `${fitting.length.toLocaleString("en")} jobs of ${trace.teams.size} teams, ` +
      `${Math.round(deviceHours).toLocaleString("en")} device hours, submitted within ` +
      `${formatDuration(fitting.at(-1)!.submittedAt)}; ${given.devices.toLocaleString("en")} devices`,
  );
  const several = fitting.filter((job) => partsOf(job).length > 1);
  if (several.length > 0) {
    const hours = several.reduce((sum, job) => sum + (job.durationMs * job.devices) / 3_600_000, 0);
    note(
      `${several.length.toLocaleString("en")} of them on several machines (${Math.round((100 * hours) / deviceHours)} % of the device ` +
        "hours): each machine's part is a run of its own, and the job goes by its last part",
    );
  }
  const summaries: Summary[] = [];
  for (const name of given.policies) {
    const from = performance.now();
    const view = { ...views[name], policy: { ...views[name].policy, ...given.settings } };
    const { passMs, restartMs, limits } = given;
    const outcome = new Simulation({ trace, devices, view, passMs, restartMs, limits }).run();
    summaries.push(summaryOf(name, trace, outcome));
    const took = formatDuration(performance.now() - from);
    note(`${name}: ${outcome.passes.toLocaleString("en")} passes in ${took}`);
  }
  const json = { jobs: fitting.length, deviceHours, devices: given.devices, tooLarge, skipped, summaries };
  if (given.json !== undefined && given.json !== "-")
    await writeFile(given.json, `${JSON.stringify(json, null, 2)}\n`);
  if (given.json === "-") console.log(JSON.stringify(json));
  else for (const line of formatReport(summaries, trace, process.stdout.columns ?? 100)) console.log(line);
}

try {
  const given = readArguments(process.argv.slice(2));
  if (given === "help") console.log(usage);
  else await simulate(given);
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof UsageError) note(`${message}\n\n${usage}`);
  else if (error instanceof TraceError) note(message);
  else if (code === "ENOENT" || code === "EISDIR" || code === "EACCES") note(message);
  else throw error;
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
