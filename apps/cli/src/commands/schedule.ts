import type { Firing, OverlapPolicy, RunCreate, Submission } from "@espalier/contract";
import { defineCommand, UsageError, type Context } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { lookUp } from "../service/lookup.ts";
import { madeBy, madeByHelp, madeByOptions, pageOf, printPage } from "../service/page.ts";
import { readDocument } from "../arguments/document-file.ts";
import { given } from "../arguments/settings.ts";

export const scheduleAdd = defineCommand({
  name: "schedule add",
  arguments: "NAME",
  summary: "submit an experiment or a run again and again",
  examples: ['espalier schedule add weekly --cron "0 3 * * 1" --timezone Europe/Berlin --experiment first'],
  help: [
    '--cron EXPRESSION        minute hour day month weekday, such as "0 3 * * 1"',
    "--timezone ZONE          default UTC; such as Europe/Berlin",
    "--experiment EXPERIMENT  its spec; or --run RUN",
    "--overlap POLICY         when the last one has not ended: allow (default), skip, queue or replace",
    "--spec FILE              as JSON instead (- for stdin): of an experiment; of a run where it has a kind",
    "Times that pass while the service is down fire once, late, however many they are.",
  ],
  arity: [1, 1],
  options: {
    cron: { type: "string" },
    timezone: { type: "string" },
    overlap: { type: "string" },
    experiment: { type: "string" },
    run: { type: "string" },
    spec: { type: "string" },
  },
  async run(context, values, [name = ""]) {
    const { cron, timezone, overlap } = values;
    if (!cron) throw new UsageError("--cron is missing");
    const schedule = await context.connect().schedules.create({
      name,
      cron,
      ...(timezone === undefined ? {} : { timezone }),
      ...(overlap === undefined ? {} : { overlap: overlap as OverlapPolicy }),
      submission: await submissionOf(context, values),
    });
    if (context.output.json) context.output.printJson(schedule);
    else context.output.print(`${schedule.id}  next ${at(schedule.nextAt)}`);
    return exitCode.ok;
  },
});

interface SourceValues {
  experiment?: string | undefined;
  run?: string | undefined;
  spec?: string | undefined;
}

async function submissionOf(context: Context, { experiment, run, spec }: SourceValues): Promise<Submission> {
  if ([experiment, run, spec].filter((each) => each !== undefined).length !== 1)
    throw new UsageError("give one of --experiment, --run and --spec");
  const client = context.connect();
  if (experiment !== undefined) {
    const id = await lookUp("experiment", experiment, client.experiments.list);
    return { experiment: (await client.experiments.get(id)).spec };
  }
  // The service checks what comes, against the schema, and names the field that is wrong.
  if (run !== undefined) {
    const { spec: found, class: priorityClass, priority, needs, limits } = await client.runs.get(run);
    return {
      run: { spec: found, class: priorityClass, priority, needs, ...(limits && { limits }) } as RunCreate,
    };
  }
  const document = await readDocument(context, spec!);
  const isRun = typeof document === "object" && document !== null && "kind" in document;
  return (isRun ? { run: { spec: document } } : { experiment: document }) as Submission;
}

export const scheduleList = defineCommand({
  name: "schedule list",
  summary: "schedules, newest first, when they are due and what came of them",
  examples: ["espalier schedule list"],
  help: madeByHelp,
  arity: [0, 0],
  options: madeByOptions,
  async run({ output, connect }, values) {
    const page = await connect().schedules.list(madeBy(values));
    for (const { name, problem, nextAt } of page.items)
      if (problem && !output.json)
        output.warn(
          `${name} is ${nextAt === undefined ? "never due again" : "due once more and then never"}: ${problem.detail} Mend it by \`espalier schedule set ${name} --cron EXPRESSION --timezone ZONE\``,
        );
    return printPage(output, page, [
      { title: "NAME", value: ({ name }) => name },
      { title: "CRON", value: ({ cron }) => cron },
      { title: "ZONE", value: ({ timezone }) => timezone },
      { title: "OVERLAP", value: ({ overlap }) => overlap },
      { title: "NEXT", value: ({ enabled, nextAt }) => (enabled ? at(nextAt) : "paused") },
      { title: "LAST", value: ({ last }) => at(last?.dueAt) },
      { title: "RESULT", value: ({ last }) => (last ? resultOf(last) : "–") },
    ]);
  },
});

const at = (time: string | undefined): string =>
  time === undefined ? "–" : `${time.slice(0, 16).replace("T", " ")} UTC`;

function resultOf({ outcome, problem, experimentId, runId, blockedBy, replaced }: Firing): string {
  if (problem) return `${problem.code}: ${problem.detail}`;
  if (outcome === "skipped") return `skipped: ${blockedBy} had not ended`;
  if (outcome === "waiting") return `waits for the end of ${blockedBy}`;
  return `${experimentId ?? runId ?? "gone"}${replaced ? `, in place of ${replaced.join(", ")}` : ""}`;
}

export const scheduleFirings = defineCommand({
  name: "schedule firings",
  arguments: "SCHEDULE",
  summary: "what came of each time that a schedule was due, newest first",
  examples: ["espalier schedule firings weekly"],
  help: ["--limit N, --cursor C"],
  arity: [1, 1],
  options: { limit: { type: "string" }, cursor: { type: "string" } },
  async run({ output, connect }, { limit, cursor }, [given = ""]) {
    const client = connect();
    const id = await lookUp("schedule", given, client.schedules.list);
    return printPage(output, await client.schedules.firings(id, pageOf(limit, cursor)), [
      { title: "DUE", value: ({ dueAt }) => at(dueAt) },
      { title: "OUTCOME", value: ({ outcome }) => outcome },
      { title: "RESULT", value: resultOf },
    ]);
  },
});

export const scheduleSet = defineCommand({
  name: "schedule set",
  arguments: "SCHEDULE",
  summary: "change when it is due, and what happens when the last one has not ended",
  examples: ["espalier schedule set weekly --overlap skip"],
  help: [
    '--cron EXPRESSION  minute hour day month weekday, such as "0 3 * * 1"',
    "--timezone ZONE    such as Europe/Berlin",
    "--overlap POLICY   allow, skip, queue or replace",
  ],
  arity: [1, 1],
  options: { cron: { type: "string" }, timezone: { type: "string" }, overlap: { type: "string" } },
  async run({ output, connect }, values, [name = ""]) {
    const { cron, timezone } = values;
    const change = given({ cron, timezone, overlap: values.overlap as OverlapPolicy | undefined });
    if (Object.keys(change).length === 0)
      throw new UsageError("say what to change: --cron, --timezone or --overlap");
    const client = connect();
    const id = await lookUp("schedule", name, client.schedules.list);
    const schedule = await client.schedules.change(id, change);
    if (output.json) output.printJson(schedule);
    else
      output.print(
        `${schedule.name}  ${schedule.overlap}  ${schedule.enabled ? `next ${at(schedule.nextAt)}` : "paused"}`,
      );
    return exitCode.ok;
  },
});

const act = (verb: "pause" | "resume", summary: string) =>
  defineCommand({
    name: `schedule ${verb}`,
    arguments: "SCHEDULE",
    summary,
    examples: [`espalier schedule ${verb} weekly`],
    arity: [1, 1],
    options: {},
    async run({ output, connect }, _values, [given = ""]) {
      const client = connect();
      const schedule = await client.schedules[verb](await lookUp("schedule", given, client.schedules.list));
      if (output.json) output.printJson(schedule);
      else output.print(`${schedule.name}  ${schedule.enabled ? `next ${at(schedule.nextAt)}` : "paused"}`);
      return exitCode.ok;
    },
  });

export const schedulePause = act("pause", "let a schedule fire no more, until it is resumed");
export const scheduleResume = act("resume", "let a schedule fire again, from its next time on");

export const scheduleRemove = defineCommand({
  name: "schedule rm",
  arguments: "SCHEDULE",
  summary: "delete a schedule; what it has submitted stays",
  examples: ["espalier schedule rm weekly"],
  arity: [1, 1],
  options: {},
  async run({ output, connect }, _values, [given = ""]) {
    const client = connect();
    const id = await lookUp("schedule", given, client.schedules.list);
    await client.schedules.remove(id);
    if (output.json) output.printJson({ id });
    else output.print(`${id}  deleted`);
    return exitCode.ok;
  },
});
