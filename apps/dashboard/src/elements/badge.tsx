import type { AttemptState, ExperimentState, RunState } from "@espalier/contract";
import { Icon, type IconName } from "./icon.tsx";
import classes from "./badge.module.css";

export type Tone = "accent" | "good" | "bad" | "warn" | "quiet";

interface BadgeProps {
  tone: Tone;
  icon: IconName;
  children: string;
  /** What stands behind the word, for whoever points at it. */
  title?: string | undefined;
}

/** A state by its icon, its word and its colour. */
export const Badge = ({ tone, icon, children, title }: BadgeProps) => (
  <span className={`${classes.badge} ${classes[tone]}`} title={title}>
    <Icon name={icon} />
    {children}
  </span>
);

type Look = { tone: Tone; icon: IconName; word: string };
const looks: { readonly [State in RunState | AttemptState | ExperimentState]: Look } = {
  WAITING: { tone: "quiet", icon: "link", word: "waiting" },
  QUEUED: { tone: "quiet", icon: "clock", word: "queued" },
  DISPATCHED: { tone: "accent", icon: "play", word: "starting" },
  RUNNING: { tone: "accent", icon: "play", word: "running" },
  SUCCEEDED: { tone: "good", icon: "check", word: "succeeded" },
  FAILED: { tone: "bad", icon: "cross", word: "failed" },
  CANCELLED: { tone: "quiet", icon: "stop", word: "cancelled" },
  SKIPPED: { tone: "quiet", icon: "skip", word: "skipped" },
  QUARANTINED: { tone: "bad", icon: "shield", word: "quarantined" },
  LOST: { tone: "warn", icon: "alert", word: "lost" },
  RETURNED: { tone: "quiet", icon: "skip", word: "given back" },
  PREEMPTED: { tone: "warn", icon: "pause", word: "made room" },
};

export const StateBadge = ({ state, title }: { state: keyof typeof looks; title?: string | undefined }) => (
  <Badge tone={looks[state].tone} icon={looks[state].icon} title={title}>
    {looks[state].word}
  </Badge>
);

export const wordOf = (state: keyof typeof looks): string => looks[state].word;
