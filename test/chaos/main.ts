/** `npm run chaos`: the named scenarios, or a random schedule of faults, against the service as processes. */
import { copyFileSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { noRedis } from "../servers/redis.ts";
import { Deployment, type QueueKind } from "./deployment.ts";
import { History } from "./history.ts";
import { disturb } from "./schedule.ts";
import { scenarios } from "./scenarios/index.ts";

const usage = `usage: npm run chaos -- [--seed N] [--minutes M] [--queue redis|postgres]
       npm run chaos -- --scenarios all|1,4,9 [--queue redis|postgres]`;

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    minutes: { type: "string", default: "5" },
    queue: { type: "string" },
    scenarios: { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  },
});
/** Of four faults at a time, most are on workers: with three of these hardly one would be left to end a run. */
const randomWorkers = 6;
const queues: QueueKind[] = ["postgres", "redis"];
const chosen = queues.filter((queue) => values.queue === undefined || queue === values.queue);
const minutes = Number(values.minutes);
const first = values.seed === undefined ? Math.floor(Math.random() * 1e6) : Number(values.seed);
if (values.help || chosen.length === 0 || !(minutes > 0) || !Number.isInteger(first)) {
  console.error(usage);
  process.exit(values.help ? 0 : 2);
}
const folder = mkdtempSync(join(tmpdir(), "espalier-history-"));
const say = (line: string): void => console.log(line);
let failed = false;
let current: Deployment | undefined;
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => void (current?.close() ?? Promise.resolve()).finally(() => process.exit(130)));

for (const queue of chosen) {
  if (queue === "redis" && noRedis) say(`redis: skipped: ${noRedis}`);
  else if (values.scenarios === undefined) await random(queue);
  else await named(queue, values.scenarios);
}
process.exit(failed ? 1 : 0);

/** Runs scenarios on one deployment; a new one where a scenario failed. */
async function named(queue: QueueKind, list: string): Promise<void> {
  const numbers = list === "all" ? undefined : list.split(",").map(Number);
  let deployment: Deployment | undefined;
  for (const { number, title, queues: where, skip, run } of scenarios) {
    if (numbers && !numbers.includes(number)) continue;
    const name = `${queue} ${number}. ${title}`;
    if (!where.includes(queue) || skip) {
      say(`-      ${name} ${skip ?? "(does not apply)"}`);
      continue;
    }
    const began = performance.now();
    deployment ??= await begin(queue, `${queue}-${number}`, number);
    try {
      await run(deployment);
      const violations = await deployment.verify();
      if (violations.length > 0) throw new Error(JSON.stringify(violations, null, 2));
      say(`proven ${name} (${Math.round((performance.now() - began) / 1000)} s)`);
    } catch (error) {
      failed = true;
      say(`FAILED ${name}\n${String(error)}\nhistory and logs: ${keep(deployment)}`);
      await deployment.close();
      deployment = undefined;
    }
  }
  await deployment?.close();
}

/** Runs random schedules, each of at most five minutes on a deployment of its own, until the time is over. */
async function random(queue: QueueKind): Promise<void> {
  const end = performance.now() + minutes * 60_000;
  for (let seed = first; performance.now() < end; seed++) {
    const seconds = Math.min(300, (end - performance.now()) / 1000);
    const deployment = await begin(queue, `${queue}-seed-${seed}`, seed, randomWorkers);
    try {
      const counts = await disturb(deployment, { seed, seconds });
      const violations = await deployment.verify(600);
      if (violations.length > 0) throw new Error(JSON.stringify(violations, null, 2));
      say(
        `held   ${queue}, seed ${seed}: ${counts.runs} runs, of which ${counts.ended} ended, and ${counts.faults} faults in ${Math.round(seconds)} s; in the mean a run was ${counts.spent}`,
      );
    } catch (error) {
      failed = true;
      say(`FAILED ${queue}, seed ${seed}\n${String(error)}\nhistory and logs: ${keep(deployment)}`);
    } finally {
      await deployment.close();
    }
  }
}

async function begin(queue: QueueKind, name: string, seed: number, workers?: number): Promise<Deployment> {
  const history = new History(join(folder, `${name}.jsonl`));
  history.add({ type: "begin", seed, name });
  current = await Deployment.start({ queue, history, ...(workers === undefined ? {} : { workers }) });
  return current;
}

/** Saves the logs of a deployment beside its history. */
function keep(deployment: Deployment): string {
  const { file } = deployment.history;
  for (const { name } of deployment.members)
    copyFileSync(join(deployment.folder, `${name}.log`), file.replace(/\.jsonl$/, `-${name}.log`));
  return file;
}
