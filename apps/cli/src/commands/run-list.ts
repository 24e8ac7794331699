import type { Client, RunQuery } from "@espalier/contract";
import { given } from "../arguments/settings.ts";
import { defineCommand } from "../command.ts";
import { lookUp } from "../service/lookup.ts";
import { pageOf, printPage } from "../service/page.ts";
import { formatDuration } from "../terminal/format.ts";
import { runLabel } from "../watch/run-bars.ts";
import { duration } from "./run.ts";

const many = { type: "string", multiple: true } as const;

export const runList = defineCommand({
  name: "run list",
  summary: "runs by state, kind, model, user, tag or words, newest first",
  examples: [
    "espalier run list --state failed --state quarantined",
    "espalier run list --kind train --model smollm2 --sort duration --limit 20",
    "espalier run list --user ann --tag baseline --q small",
  ],
  help: [
    "--state STATE      only these; repeat this and the next six for one or the other",
    "--kind KIND        import, prune, search, train, evaluate, export",
    "--class CLASS      urgent, normal, idle",
    "--model MODEL      id or name of the imported model from which they go out",
    "--experiment EXPERIMENT  id or name",
    "--user USER        made by this user of the team",
    "--tag TAG",
    "--q WORDS          with which words of name, tags or model's name begin, or the beginning of an id",
    "--sort ORDER       newest (default), oldest, ended, duration",
    "--limit N          at most 200; default 50",
    "--cursor C         goes on after an earlier page",
  ],
  arity: [0, 0],
  options: {
    state: many,
    kind: many,
    class: many,
    model: many,
    experiment: many,
    user: many,
    tag: many,
    q: { type: "string" },
    sort: { type: "string" },
    limit: { type: "string" },
    cursor: { type: "string" },
  },
  async run({ output, connect }, values) {
    const client = connect();
    // The service checks the words, and names those that there are.
    const query = {
      ...pageOf(values.limit, values.cursor),
      ...given({
        state: values.state?.map((state) => state.toUpperCase()),
        kind: values.kind,
        class: values.class,
        model: await ids("model", values.model, client),
        experimentId: await ids("experiment", values.experiment, client),
        createdBy: values.user,
        tag: values.tag,
        q: values.q,
        sort: values.sort,
      }),
    } as RunQuery;
    const page = await client.runs.list(query);
    const isNamed = page.items.some(({ name }) => name !== undefined);
    return printPage(output, page, [
      { title: "ID", value: ({ id }) => id },
      ...(isNamed ? [{ title: "NAME", value: ({ name }: { name?: string }) => name ?? "–" }] : []),
      { title: "RUN", value: runLabel },
      { title: "STATE", value: ({ state }) => state },
      { title: "TIME", value: duration, align: "right" },
      {
        title: "AGE",
        value: ({ createdAt }) => formatDuration(Date.now() - Date.parse(createdAt)),
        align: "right",
      },
      { title: "USER", value: ({ createdBy }) => createdBy?.user ?? "–" },
      { title: "ATTEMPT", value: ({ attempt }) => (attempt > 1 ? String(attempt) : "–"), align: "right" },
      { title: "TAGS", value: ({ tags }) => tags?.join(" ") ?? "–" },
    ]);
  },
});

const ids = async (kind: "model" | "experiment", names: string[] | undefined, client: Client) =>
  names && Promise.all(names.map((name) => lookUp(kind, name, client[`${kind}s`].list)));
