import { idPrefixes, type Client } from "@espalier/contract";
import { defineCommand, UsageError } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { serviceOf } from "../service/connection.ts";
import { lookUp } from "../service/lookup.ts";
import { runId } from "../service/run-argument.ts";
import { openInBrowser } from "../terminal/browser.ts";
import { closest, meant } from "../terminal/closest.ts";

/** Pages of the dashboard by themselves. */
const pages: Readonly<Record<string, string>> = {
  pool: "",
  queue: "queue",
  runs: "runs",
  experiments: "experiments",
  models: "models",
  datasets: "datasets",
  admin: "admin",
};

/** Pages of one thing, each with a look-up that fails where there is no such thing. */
const things: Readonly<Record<string, (client: Client, name: string) => Promise<string>>> = {
  run: async (client, name) => `runs/${(await client.runs.get(await runId(client, name))).id}`,
  search: async (client, name) => `searches/${(await client.runs.get(await runId(client, name))).id}`,
  experiment: async ({ experiments: { list, get } }, name) =>
    `experiments/${(await get(await lookUp("experiment", name, list))).id}`,
  model: async ({ models: { list, get } }, name) =>
    `models/${(await get(await lookUp("model", name, list))).id}`,
  dataset: async ({ datasets: { list, get } }, name) =>
    `datasets/${(await get(await lookUp("dataset", name, list))).id}`,
};

export const open = defineCommand({
  name: "open",
  arguments: "[NOUN [NAME]]",
  summary: "open a page of the dashboard in the browser",
  examples: [
    "espalier open",
    "espalier open queue",
    "espalier open experiment first",
    "espalier open run RUN",
  ],
  help: [
    `NOUN is ${Object.keys(pages).join(", ")};`,
    `or with a name or an id ${Object.keys(things).join(", ")}; an id alone will do.`,
    "The address is printed too; where there is no screen, it is only printed. BROWSER names a browser.",
    "--print  only print it",
  ],
  arity: [0, 2],
  options: { print: { type: "boolean" } },
  async run({ output, connect, environment, stackFolder, service }, { print = false }, words) {
    const client = connect();
    const path = await pathOf(client, words);
    const { url: origin = "" } = serviceOf({ ...service, environment, stackFolder });
    const url = `${origin.replace(/\/+$/, "")}/${path}`;
    const opened = !print && !output.json && (await openInBrowser(url, environment));
    if (output.json) output.printJson({ url });
    else output.print(url);
    if (!opened && !print && !output.json)
      output.note("no browser was found here; open the address where there is one");
    return exitCode.ok;
  },
});

async function pathOf(client: Client, [noun = "pool", name]: readonly string[]): Promise<string> {
  if (name === undefined) {
    const page = Object.hasOwn(pages, noun) ? pages[noun] : undefined;
    if (page !== undefined) {
      await client.me();
      return page;
    }
    const kind = Object.keys(things).find(
      (each) => each in idPrefixes && noun.startsWith(`${idPrefixes[each as keyof typeof idPrefixes]}_`),
    );
    if (kind !== undefined) return things[kind]!(client, noun);
    if (Object.hasOwn(things, noun)) throw new UsageError(`\`open ${noun}\` needs the id or the name of one`);
  } else if (Object.hasOwn(things, noun)) return things[noun]!(client, name);
  const known = name === undefined ? [...Object.keys(pages), ...Object.keys(things)] : Object.keys(things);
  const hint = meant(closest(noun, known)) ?? `there are ${known.join(", ")}`;
  throw new UsageError(`there is no page \`${noun}\`${name === undefined ? "" : ` of one`}`, { hint });
}
