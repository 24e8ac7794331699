import type { Run, TimelineEntry } from "@espalier/contract";
import { useResource } from "../api/use-resource.ts";
import { Icon, type IconName } from "../elements/icon.tsx";
import { Panel } from "../elements/panel.tsx";
import { RunText } from "../runs/run-text.tsx";
import { Ago } from "../elements/time.tsx";
import classes from "./timeline.module.css";

type Tone = "accent" | "good" | "bad" | "warn" | "quiet";
const looks: { readonly [Event in TimelineEntry["event"]]: { icon: IconName; tone: Tone } } = {
  submitted: { icon: "ring", tone: "quiet" },
  queued: { icon: "clock", tone: "quiet" },
  waits: { icon: "clock", tone: "quiet" },
  held: { icon: "pause", tone: "warn" },
  released: { icon: "play", tone: "quiet" },
  changed: { icon: "menu", tone: "quiet" },
  starts: { icon: "play", tone: "accent" },
  stops: { icon: "alert", tone: "warn" },
  "cancel-requested": { icon: "stop", tone: "quiet" },
  retried: { icon: "up", tone: "quiet" },
  ended: { icon: "check", tone: "good" },
};

/** What happened to a run: submitted, queued and why, each attempt with where it went on and how it stopped, and the end. */
export function Timeline({ run }: { run: Run }) {
  const query = useResource<{ items: TimelineEntry[] }>(`runs/${run.id}/timeline`);
  return (
    <Panel title="Timeline" query={query} rows={4}>
      {({ items }) => (
        <ol className={classes.timeline}>
          {withoutRepeats(items).map((entry, i) => (
            <Entry key={`${entry.at} ${i}`} entry={entry} />
          ))}
        </ol>
      )}
    </Panel>
  );
}

/** Of reasons that followed each other with other numbers alone, the last. */
const withoutRepeats = (items: readonly TimelineEntry[]): TimelineEntry[] =>
  items.filter(
    ({ event, reason }, i) =>
      event !== "waits" || items[i + 1]?.event !== "waits" || items[i + 1]?.reason?.code !== reason?.code,
  );

function Entry({
  entry: { at, event, text, by, state, step, lostSteps, problem },
}: {
  entry: TimelineEntry;
}) {
  const failed = event === "ended" && state !== undefined && state !== "SUCCEEDED";
  const { icon, tone } = failed
    ? state === "CANCELLED" || state === "SKIPPED"
      ? ({ icon: "stop", tone: "quiet" } as const)
      : ({ icon: "cross", tone: "bad" } as const)
    : looks[event];
  return (
    <li>
      <span className={classes[tone]}>
        <Icon name={icon} />
      </span>
      <div>
        <p className={classes.what}>
          <span className="said">{event}: </span>
          <RunText text={text} />
        </p>
        {by && !text.includes(by.user) && (
          <p>
            by {by.user}
            {by.schedule && `, by the schedule ${by.schedule.name}`}
          </p>
        )}
        {step !== undefined && step > 0 && !/step/.test(text) && <p>It goes on from step {step}.</p>}
        {lostSteps !== undefined && lostSteps > 0 && !/again/.test(text) && (
          <p>{lostSteps.toLocaleString()} steps are computed again.</p>
        )}
        {problem && (
          <p>
            {text.includes(problem.detail) ? "" : problem.detail} <code>{problem.code}</code>
          </p>
        )}
      </div>
      <Ago at={at} />
    </li>
  );
}
