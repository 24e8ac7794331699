import { useSyncExternalStore } from "react";
import { duration } from "./format.ts";

let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

/** The time, to the second. All who show an age share one clock. */
export const useNow = (): number =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      timer ??= setInterval(() => {
        now = Date.now();
        for (const each of listeners) each();
      }, 1000);
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
    () => {
      if (timer === undefined && Date.now() - now >= 1000) now = Date.now();
      return now;
    },
  );

/** How long ago something was, or how long until it will be, with the time itself for whoever points at it. */
export function Ago({ at, suffix = true }: { at: string; suffix?: boolean }) {
  const ms = useNow() - Date.parse(at);
  const text = duration(Math.abs(ms));
  return (
    <time dateTime={at} title={new Date(at).toLocaleString()}>
      {!suffix ? text : ms >= -500 ? `${text} ago` : `in ${text}`}
    </time>
  );
}

/** How long something has taken, or takes so far. */
export function Took({ from, to }: { from: string; to?: string | undefined }) {
  const current = useNow();
  return <>{duration(Math.max(0, (to === undefined ? current : Date.parse(to)) - Date.parse(from)))}</>;
}
