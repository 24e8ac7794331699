import type { Unblock, WaitingReason } from "./waiting.ts";

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
const percent = (share: number): string => `${Math.round(100 * share)} %`;
const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;
const clock = (at: string): string => `${at.slice(0, 16).replace("T", " ")} UTC`;
const whose = ({ runIds, others = 0 }: { runIds: readonly string[]; others?: number }): string =>
  [...runIds, ...(others > 0 ? [count(others, "run of another team", "runs of other teams")] : [])].join(
    ", ",
  ) || "another run";

type WaitingCode = WaitingReason["code"];
type Sentences = { [Code in WaitingCode]: (reason: Extract<WaitingReason, { code: Code }>) => string };
const sentences: Sentences = {
  starting: () => "It has its devices; a worker is about to start it.",
  held: ({ at, by }) =>
    `It is held since ${clock(at)} by ${by}; release it (\`espalier run release\`) and it takes its old place.`,
  "not-yet-due": ({ at }) => `It is not to start before ${clock(at)}.`,
  dependency: ({ runIds }) => `It needs what ${runIds.join(", ") || "other runs"} will make.`,
  "array-limit": ({ limit }) =>
    `At most ${count(limit, "run")} of its array ${limit === 1 ? "is" : "are"} queued or computing at a time; it follows when one of them has ended.`,
  "no-device-fits": ({ needsBytes, largestBytes, needsDevices, mostDevices }) =>
    needsDevices > mostDevices
      ? `It needs ${count(needsDevices, "device")} on one worker; no worker has more than ${mostDevices} that serve, and no run is spread over workers. Ask for fewer.`
      : `It needs ${needsBytes === undefined ? "more memory" : gigabytes(needsBytes)} on each device; the largest has ${gigabytes(largestBytes)}. Lower what it needs, or add a larger device.`,
  "worker-missing": ({ kinds, labels }) =>
    kinds.length + labels.length > 0
      ? `No worker that is alive has such a device (${[...kinds, ...labels].join(", ")}).`
      : "No worker is alive that could take it.",
  "device-cordoned": () =>
    "The devices that could take it take no new runs now; `espalier worker list` says why.",
  "team-quota": (reason) => quotaSentence("Your team", reason),
  "user-quota": (reason) => quotaSentence("You", reason),
  "held-for-aged": (reason) =>
    `A run of the same quota has waited too long and comes first: ${whose(reason)}.`,
  "held-for-head": (reason) =>
    `It would fit, but would delay ${whose(reason)}, which comes first and is to start by ${clock(reason.until)}.`,
  "gang-incomplete": ({ needs, available }) =>
    `It needs ${count(needs, "device")} on one worker at once; ${available} ${available === 1 ? "is" : "are"} free.`,
  "waiting-for-memory": ({ needsBytes, freeBytes }) =>
    `It needs ${gigabytes(needsBytes)} of memory on a device; at most ${gigabytes(freeBytes)} are free now.`,
  "fair-share-behind": ({ share, fair }) =>
    `Your team has had ${percent(share)} of the pool of late; its share is ${percent(fair)}, so others come first.`,
  "waiting-for-device": ({ matching, ahead }) =>
    `${matching === 1 ? "The device that serves is" : `All ${matching} devices that serve are`} in use; ${ahead === 0 ? "it is next" : `${count(ahead, "run")} before it`}.`,
  preempting: (reason) =>
    `${whose(reason)} ${reason.runIds.length + (reason.others ?? 0) === 1 ? "was" : "were"} asked to make room for it, until ${clock(reason.until)}.`,
};

/** The reason as a sentence for the person who waits. */
export const explainWaiting = (reason: WaitingReason): string =>
  (sentences[reason.code] as (reason: WaitingReason) => string)(reason);

type Helps = { [By in Unblock["by"]]: (unblock: Extract<Unblock, { by: By }>) => string };
const helps: Helps = {
  worker: () => "a worker that can take it is there",
  time: ({ at }) => `it is ${clock(at)}`,
  runs: (runs) => `${whose(runs)} ${runs.runIds.length + (runs.others ?? 0) > 1 ? "end" : "ends"}`,
  turn: ({ ahead }) =>
    ahead === 0
      ? "a device is free"
      : `${count(ahead, "run")} before it ${ahead === 1 ? "has" : "have"} started`,
  quota: () => "an operator raises the quota (`espalier team set`)",
  release: () => "somebody releases it (`espalier run release`)",
  device: ({ deviceIds }) =>
    deviceIds.length > 0
      ? "an operator lets its device take runs (`espalier worker uncordon` or `resume`)"
      : "a larger device joins the pool",
  request: () => "it asks for less",
};

/** What would let a run start, as the part of a sentence that follows `when`. */
export const explainUnblock = (unblock: Unblock): string =>
  (helps[unblock.by] as (unblock: Unblock) => string)(unblock);

function quotaSentence(
  who: "Your team" | "You",
  { quota, limit, used, needs }: Extract<WaitingReason, { quota: unknown }>,
): string {
  const verb = who === "You" ? "have" : "has";
  const number = (value: number): string => String(Math.round(value * 10) / 10);
  switch (quota) {
    case "queued-runs":
      return `${who} may have ${number(limit)} runs in the order at a time; it enters when an older one has started.`;
    case "devices":
      return `${who} ${verb} ${number(used)} of at most ${number(limit)} devices; it needs ${number(needs)} more.`;
    case "device-hours":
      return `${who} ${verb} used ${number(used)} of ${number(limit)} device hours of this period; it is expected to need ${number(needs)}.`;
  }
}
