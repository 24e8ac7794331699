import { useLive } from "../live/use-live.ts";
import type { LiveStatus } from "../live/messages.ts";
import { Badge, type Tone } from "../elements/badge.tsx";
import type { IconName } from "../elements/icon.tsx";

const looks: Record<LiveStatus, { tone: Tone; icon: IconName; word: string; title: string }> = {
  live: { tone: "accent", icon: "dot", word: "live", title: "Changes are shown as they happen." },
  connecting: {
    tone: "quiet",
    icon: "ring",
    word: "polling",
    title: "Asked for again every five seconds, while the live stream connects.",
  },
  stale: {
    tone: "warn",
    icon: "alert",
    word: "stale",
    title: "No live events come; what is shown may be old. It is asked for again every five seconds.",
  },
  "signed-out": { tone: "warn", icon: "alert", word: "signed out", title: "The session has ended." },
};

/** Whether what is shown is how it is. */
export function LiveBadge() {
  const { tone, icon, word, title } = looks[useLive().status];
  return (
    <span role="status">
      <Badge tone={tone} icon={icon} title={title}>
        {word}
      </Badge>
    </span>
  );
}
