import { Problem, type Client, type Device, type Worker } from "@espalier/contract";
import { defineCommand } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { lookUp } from "../service/lookup.ts";
import { pageOf, printPage } from "../service/page.ts";
import { workerLines, workerState } from "../tables/worker-table.ts";

export const workerList = defineCommand({
  name: "worker list",
  summary: "workers of the pool, their devices and what they do",
  examples: ["espalier worker list"],
  arity: [0, 0],
  options: {},
  async run({ output, connect }) {
    const { items } = await connect().workers.list();
    if (output.json) output.printJson({ items });
    else for (const line of workerLines(items, Date.now(), output.columns())) output.print(line);
    return exitCode.ok;
  },
});

export const workerEvents = defineCommand({
  name: "worker events",
  arguments: "WORKER",
  summary: "what happened to a worker and its devices, newest first",
  examples: ["espalier worker events gpu-3"],
  help: ["--limit N, --cursor C"],
  arity: [1, 1],
  options: { limit: { type: "string" }, cursor: { type: "string" } },
  async run({ output, connect }, { limit, cursor }, [given = ""]) {
    const client = connect();
    const page = await client.workers.events(await idOf(client, given), pageOf(limit, cursor));
    return printPage(output, page, [
      { title: "AT", value: ({ at }) => at.slice(0, 19).replace("T", " ") },
      { title: "EVENT", value: ({ type }) => type },
      { title: "DEVICE", value: ({ device }) => device ?? "–" },
      { title: "CAUSE", value: ({ cause }) => cause ?? "–" },
      { title: "BY", value: ({ by }) => by ?? "–" },
      { title: "REASON", value: ({ reason }) => reason ?? "" },
    ]);
  },
});

export const workerDrain = defineCommand({
  name: "worker drain",
  arguments: "WORKER",
  summary: "let a worker finish its runs and take no more",
  examples: ['espalier worker drain gpu-3 --reason "new driver"'],
  help: [
    "--reason TEXT  for those who wonder",
    "--now          save its runs and give them back to the queue instead of finishing them; each gets as long as its",
    "               saves take, 10 minutes at most, and its log says how long; run show says which steps were lost",
  ],
  arity: [1, 1],
  options: { reason: { type: "string" }, now: { type: "boolean" } },
  async run({ output, connect }, { reason, now }, [given = ""]) {
    const client = connect();
    const worker = await client.workers.drain(await idOf(client, given), {
      ...(reason === undefined ? {} : { reason }),
      ...(now ? { now } : {}),
    });
    if (output.json) output.printJson(worker);
    else output.print(`${worker.name}  ${workerState(worker)}`);
    return exitCode.ok;
  },
});

export const workerResume = defineCommand({
  name: "worker resume",
  arguments: "WORKER",
  summary: "end a drain",
  examples: ["espalier worker resume gpu-3"],
  arity: [1, 1],
  options: {},
  async run({ output, connect }, _values, [given = ""]) {
    const client = connect();
    const worker = await client.workers.resume(await idOf(client, given));
    if (output.json) output.printJson(worker);
    else output.print(`${worker.name}  ${workerState(worker)}`);
    return exitCode.ok;
  },
});

export const workerCordon = defineCommand({
  name: "worker cordon",
  arguments: "WORKER DEVICE",
  summary: "let one device take no new runs; what it computes goes on",
  examples: ["espalier worker cordon gpu-3 cuda:1"],
  help: ["DEVICE is an address such as cuda:0, or an id", "--reason TEXT  for those who wonder"],
  arity: [2, 2],
  options: { reason: { type: "string" } },
  async run({ output, connect }, { reason }, [given = "", device = ""]) {
    const client = connect();
    const worker = await client.workers.get(await idOf(client, given));
    const { id } = deviceOf(worker, device);
    const after = await client.workers.cordon(worker.id, id, reason === undefined ? {} : { reason });
    if (output.json) output.printJson(after);
    else output.print(describe(after, id));
    return exitCode.ok;
  },
});

export const workerUncordon = defineCommand({
  name: "worker uncordon",
  arguments: "WORKER DEVICE",
  summary: "let a device take runs again, also after a fault that has been mended",
  examples: ["espalier worker uncordon gpu-3 cuda:1"],
  arity: [2, 2],
  options: {},
  async run({ output, connect }, _values, [given = "", device = ""]) {
    const client = connect();
    const worker = await client.workers.get(await idOf(client, given));
    const { id } = deviceOf(worker, device);
    const after = await client.workers.uncordon(worker.id, id);
    if (output.json) output.printJson(after);
    else output.print(describe(after, id));
    return exitCode.ok;
  },
});

const idOf = (client: Client, given: string): Promise<string> => lookUp("worker", given, client.workers.list);

/** @throws Problem `resource/not-found` that lists what there is */
function deviceOf({ name, devices }: Worker, given: string): Device {
  const device = devices.find(({ id, address, identity }) => [id, address, identity].includes(given));
  if (device) return device;
  const there = devices.map(({ address }) => address).join(", ");
  throw new Problem("resource/not-found", `${name} has no device \`${given}\`; there is: ${there}.`);
}

function describe(worker: Worker, deviceId: string): string {
  const { address, holds } = deviceOf(worker, deviceId);
  const causes = holds.map(({ cause, reason }) => `${cause}: ${reason}`);
  return `${worker.name} ${address}  ${causes.length === 0 ? "takes runs" : `takes no new runs (${causes.join(" ")})`}`;
}
