import type { Event } from "@espalier/contract";

/** `live`: events come. `connecting`: not yet, or again. `stale`: for a while none could be had. `signed-out`: the session has ended. */
export type LiveStatus = "connecting" | "live" | "stale" | "signed-out";

/** What the one stream of a browser tells each of its pages. `gap`: events may have been missed. */
export type LiveMessage =
  | { type: "status"; status: LiveStatus }
  | { type: "event"; event: Event }
  | { type: "gap" };

/** What a page tells the stream: to connect at once, as somebody has signed in, or to end. */
export type PageMessage = "connect" | "close";
