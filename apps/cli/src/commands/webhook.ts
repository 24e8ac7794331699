import {
  webhookEvents,
  type RunKind,
  type RunState,
  type Webhook,
  type WebhookDeliveryQuery,
  type WebhookEvent,
  type WebhookFilter,
} from "@espalier/contract";
import { defineCommand, UsageError, type Context } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { lookUp } from "../service/lookup.ts";
import { pageOf, printPage } from "../service/page.ts";

const chosenHelp = [
  "--event EVENT         what to tell; repeat. One of",
  `                      ${webhookEvents.slice(0, 3).join(", ")},`,
  `                      ${webhookEvents.slice(3).join(", ")} (operators)`,
  "--state STATE         of run.state, only these states; repeat",
  "--kind KIND           only runs of these kinds; repeat",
  "--user USER           only what this user of the team has made",
  "--experiment ID       only of this experiment",
];
const chosenOptions = {
  event: { type: "string", multiple: true },
  state: { type: "string", multiple: true },
  kind: { type: "string", multiple: true },
  user: { type: "string" },
  experiment: { type: "string" },
} as const;

interface Chosen {
  event?: string[] | undefined;
  state?: string[] | undefined;
  kind?: string[] | undefined;
  user?: string | undefined;
  experiment?: string | undefined;
}

/** The service checks the words, and names the field that is wrong. */
function filterOf({ state, kind, user: createdBy, experiment }: Chosen): WebhookFilter | undefined {
  const filter: WebhookFilter = {
    ...(state && { states: state.map((each) => each.toUpperCase() as RunState) }),
    ...(kind && { kinds: kind as RunKind[] }),
    ...(createdBy === undefined ? {} : { createdBy }),
    ...(experiment === undefined ? {} : { experimentId: experiment }),
  };
  return Object.keys(filter).length === 0 ? undefined : filter;
}

const statusOf = ({ enabled, failures }: Webhook): string =>
  enabled ? (failures > 0 ? `${failures} failures` : "well") : "paused";

function print({ output }: Pick<Context, "output">, webhook: Webhook): void {
  if (output.json) return output.printJson(webhook);
  output.print(`${webhook.id}  ${webhook.name}  ${statusOf(webhook)}`);
  if (webhook.paused) output.print(webhook.paused.reason);
}

export const webhookAdd = defineCommand({
  name: "webhook add",
  arguments: "NAME URL",
  summary: "be told by HTTP of what happens; prints the secret of the signatures, once",
  examples: ["espalier webhook add ci https://ci.example.org/hook --event run.state --state failed"],
  help: chosenHelp,
  arity: [2, 2],
  options: chosenOptions,
  async run({ output, connect }, values, [name = "", url = ""]) {
    if (!values.event) throw new UsageError(`--event is missing: ${webhookEvents.join(", ")}`);
    const filter = filterOf(values);
    const created = await connect().webhooks.create({
      name,
      url,
      events: values.event as WebhookEvent[],
      ...(filter && { filter }),
    });
    if (output.json) output.printJson(created);
    else {
      output.print(created.secret);
      output.note(
        `${created.webhook.id}: keep the secret; it is not shown again. Try it: espalier webhook ping ${name}`,
      );
    }
    return exitCode.ok;
  },
});

export const webhookList = defineCommand({
  name: "webhook list",
  summary: "whom the team wants to be told",
  examples: ["espalier webhook list"],
  help: ["--limit N, --cursor C"],
  arity: [0, 0],
  options: { limit: { type: "string" }, cursor: { type: "string" } },
  async run({ output, connect }, { limit, cursor }) {
    return printPage(output, await connect().webhooks.list(pageOf(limit, cursor)), [
      { title: "ID", value: ({ id }) => id },
      { title: "NAME", value: ({ name }) => name },
      { title: "STATUS", value: statusOf },
      { title: "EVENTS", value: ({ events }) => events.join(",") },
      { title: "URL", value: ({ url }) => url },
    ]);
  },
});

export const webhookSet = defineCommand({
  name: "webhook set",
  arguments: "WEBHOOK",
  summary: "change whom to tell what",
  examples: ["espalier webhook set ci --event experiment.ended"],
  help: ["--url URL", ...chosenHelp],
  arity: [1, 1],
  options: { url: { type: "string" }, ...chosenOptions },
  async run(context, { url, ...values }, [given = ""]) {
    const client = context.connect();
    const filter = filterOf(values);
    const webhook = await client.webhooks.change(await lookUp("webhook", given, client.webhooks.list), {
      ...(url === undefined ? {} : { url }),
      ...(values.event && { events: values.event as WebhookEvent[] }),
      ...(filter && { filter }),
    });
    print(context, webhook);
    return exitCode.ok;
  },
});

const enable = (verb: "pause" | "resume", summary: string) =>
  defineCommand({
    name: `webhook ${verb}`,
    arguments: "WEBHOOK",
    summary,
    examples: [`espalier webhook ${verb} ci`],
    arity: [1, 1],
    options: {},
    async run(context, _values, [given = ""]) {
      const client = context.connect();
      const id = await lookUp("webhook", given, client.webhooks.list);
      print(context, await client.webhooks.change(id, { enabled: verb === "resume" }));
      return exitCode.ok;
    },
  });

export const webhookPause = enable("pause", "tell a webhook nothing, until it is resumed");
export const webhookResume = enable("resume", "tell a webhook again of what happens from now on");

export const webhookRm = defineCommand({
  name: "webhook rm",
  arguments: "WEBHOOK",
  summary: "tell a webhook nothing more, and forget it",
  examples: ["espalier webhook rm ci"],
  arity: [1, 1],
  options: {},
  async run({ output, connect }, _values, [given = ""]) {
    const client = connect();
    const id = await lookUp("webhook", given, client.webhooks.list);
    await client.webhooks.remove(id);
    if (output.json) output.printJson({ id });
    else output.print(`${id}  deleted`);
    return exitCode.ok;
  },
});

export const webhookPing = defineCommand({
  name: "webhook ping",
  arguments: "WEBHOOK",
  summary: "send a message that says nothing, and say how that went",
  examples: ["espalier webhook ping ci"],
  arity: [1, 1],
  options: {},
  async run({ output, connect, signal }, _values, [given = ""]) {
    const client = connect();
    const id = await lookUp("webhook", given, client.webhooks.list);
    const sent = await client.webhooks.ping(id);
    for (let tries = 0; tries < 40 && !signal.aborted; tries++) {
      const { items } = await client.webhooks.deliveries(id, { limit: 50 });
      const delivery = items.find((each) => each.id === sent.id) ?? sent;
      if (delivery.state === "DELIVERED" || delivery.problem !== undefined) {
        if (output.json) output.printJson(delivery);
        else output.print(delivery.problem ?? `delivered: the receiver answered ${delivery.status}`);
        return delivery.state === "DELIVERED" ? exitCode.ok : exitCode.failure;
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    output.note(`Not sent yet; look again: espalier webhook deliveries ${given}`);
    return exitCode.unreachable;
  },
});

export const webhookDeliveries = defineCommand({
  name: "webhook deliveries",
  arguments: "WEBHOOK",
  summary: "what was sent to a webhook and how it went, newest first",
  examples: ["espalier webhook deliveries ci --state failed"],
  help: ["--state PENDING|DELIVERED|FAILED", "--limit N, --cursor C"],
  arity: [1, 1],
  options: { state: { type: "string" }, limit: { type: "string" }, cursor: { type: "string" } },
  async run({ output, connect }, { state, limit, cursor }, [given = ""]) {
    const client = connect();
    const id = await lookUp("webhook", given, client.webhooks.list);
    const query = {
      ...pageOf(limit, cursor),
      ...(state === undefined ? {} : { state: state.toUpperCase() }),
    } as WebhookDeliveryQuery;
    return printPage(output, await client.webhooks.deliveries(id, query), [
      { title: "ID", value: ({ id }) => id },
      { title: "TYPE", value: ({ type }) => type },
      { title: "STATE", value: ({ state }) => state },
      { title: "TRIES", value: ({ tries }) => String(tries), align: "right" },
      { title: "CREATED", value: ({ createdAt }) => createdAt.slice(0, 19).replace("T", " ") },
      {
        title: "RESULT",
        value: ({ status, problem }) => problem ?? (status === undefined ? "–" : String(status)),
      },
    ]);
  },
});

export const webhookRedeliver = defineCommand({
  name: "webhook redeliver",
  arguments: "WEBHOOK DELIVERY",
  summary: "send a message once more, with its old id",
  examples: ["espalier webhook redeliver ci dlv_01kb1y3v8n4m6q2r7s9t0w1x2y"],
  arity: [2, 2],
  options: {},
  async run({ output, connect }, _values, [given = "", delivery = ""]) {
    const client = connect();
    const id = await lookUp("webhook", given, client.webhooks.list);
    const sent = await client.webhooks.redeliver(id, delivery);
    if (output.json) output.printJson(sent);
    else output.print(`${sent.id}  ${sent.state}`);
    return exitCode.ok;
  },
});
