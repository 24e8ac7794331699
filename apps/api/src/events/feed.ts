import type { RecordedEvent, RunProgressEvent } from "@espalier/contract";
import type { Hint, Store } from "@espalier/store";
import { Bell } from "./bell.ts";

/** Somebody who follows the events of a team, or of one of its runs. */
export interface Follower {
  readonly teamId: string;
  readonly runId?: string;
  event(event: RecordedEvent): void;
  /** Progress is told, not kept. */
  progress(event: RunProgressEvent): void;
  /** The feed cannot be read any more; nothing follows. */
  fail(error: unknown): void;
}

/** The events are read this often without a hint, because hints of changes can be lost. */
const pollMs = 2_000;
/** An event is hidden until all transactions that began before its own have ended, so a hint can be early. */
const retryMs = 20;
const pageSize = 1_000;

/**
 * Reads the new events of all teams once and hands each to those whom it concerns, however many follow. It reads while
 * somebody follows.
 */
export class EventFeed {
  readonly #events: Store["events"];
  readonly #bell = new Bell();
  readonly #followers = new Set<Follower>();
  #begun: Promise<string> | undefined;

  constructor(events: Store["events"]) {
    this.#events = events;
  }

  /**
   * Hands over every event that the feed has not read yet. Those before it are visible to whoever reads after this call
   * has returned; between the two nothing is missed, and what is in both has the same id.
   * @returns a function that ends it
   */
  async follow(follower: Follower): Promise<() => void> {
    this.#followers.add(follower);
    const leave = (): void => {
      if (this.#followers.delete(follower) && this.#followers.size === 0) this.#bell.ring();
    };
    try {
      await (this.#begun ??= this.#begin());
    } catch (error) {
      leave();
      throw error;
    }
    return leave;
  }

  async #begin(): Promise<string> {
    try {
      const cursor = await this.#events.position();
      void this.#run(cursor);
      return cursor;
    } catch (error) {
      this.#begun = undefined;
      throw error;
    }
  }

  async #run(from: string): Promise<void> {
    const unsubscribe = this.#events.subscribe((hint) => this.#hear(hint));
    let cursor = from;
    let waitMs = pollMs;
    try {
      while (this.#followers.size > 0) {
        const read = await this.#events.readAll({ after: cursor, limit: pageSize });
        ({ cursor } = read);
        for (const { teamId, event } of read.events)
          for (const follower of this.#followers)
            if (concerns(follower, teamId, event.runId)) follower.event(event);
        if (read.events.length === pageSize) continue;
        if (await this.#bell.heard(waitMs)) waitMs = retryMs;
        else waitMs = Math.min(2 * waitMs, pollMs);
      }
    } catch (error) {
      for (const follower of this.#followers) follower.fail(error);
      this.#followers.clear();
    } finally {
      this.#begun = undefined;
      unsubscribe();
    }
  }

  #hear({ teamId, runId, progress }: Hint): void {
    if (!progress) return this.#bell.ring();
    for (const follower of this.#followers)
      if (concerns(follower, teamId, runId)) follower.progress(progress);
  }
}

const concerns = (follower: Follower, teamId: string, runId: string): boolean =>
  follower.teamId === teamId && (follower.runId === undefined || follower.runId === runId);
