import type { RecordedEvent, RunProgressEvent } from "@espalier/contract";
import type { Store } from "@espalier/store";
import type { EventFeed } from "./feed.ts";

/** Where events go. */
export interface Outlet {
  event(event: RecordedEvent): void;
  progress(event: RunProgressEvent): void;
  /** Resolves when there is room for more of what is read from the past; false: there will be none. */
  room(): Promise<boolean>;
}

export interface Subject {
  readonly teamId: string;
  readonly runId?: string;
}

const pageSize = 500;
/** Events that came while the past was read, at most; if there are more, the past is read a little longer. */
const bufferSize = 1_000;

/**
 * Gives an outlet every event after a cursor, once and in order: first those of the past, which it reads, then those that
 * the feed reads. While it reads the past, those of the feed are kept, and those that were in both are left out.
 * @param fail is called once when the feed ends
 * @returns a function that ends it
 */
export async function follow(
  { feed, events }: { feed: EventFeed; events: Store["events"] },
  subject: Subject,
  { after, outlet, fail }: { after: string; outlet: Outlet; fail: (error: unknown) => void },
): Promise<() => void> {
  // A cursor of which the database has no past: an older copy of its files was brought back.
  let cursor = isAfter(after, await events.position()) ? "0-0" : after;
  let kept: RecordedEvent[] | undefined = [];
  let overflowed = false;
  const give = (event: RecordedEvent): void => {
    if (!isAfter(event.id, cursor)) return;
    cursor = event.id;
    outlet.event(event);
  };
  const leave = await feed.follow({
    ...subject,
    event(event) {
      if (!kept) give(event);
      else if (kept.length < bufferSize) kept.push(event);
      else overflowed = true;
    },
    progress: (event) => outlet.progress(event),
    fail,
  });
  const { teamId, runId } = subject;
  try {
    for (;;) {
      if (overflowed) [kept, overflowed] = [[], false];
      const page = await events.read(teamId, {
        after: cursor,
        limit: pageSize,
        ...(runId === undefined ? {} : { runId }),
      });
      for (const event of page.events) give(event);
      if (page.events.length < pageSize && !overflowed) break;
      if (!(await outlet.room())) return leave;
    }
    for (const event of kept) give(event);
    kept = undefined;
    return leave;
  } catch (error) {
    leave();
    throw error;
  }
}

/** Whether an event comes after a cursor; both are a transaction's number and a serial number. */
export function isAfter(id: string, cursor: string): boolean {
  const [a, b] = [id, cursor].map((each) => each.split("-").map(BigInt) as [bigint, bigint]) as [
    [bigint, bigint],
    [bigint, bigint],
  ];
  return a[0] === b[0] ? a[1] > b[1] : a[0] > b[0];
}
