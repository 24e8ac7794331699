import type { Consumer } from "./consumers.ts";
import { Heap } from "./heap.ts";
import type { QueuedRun } from "./snapshot.ts";

/** A queued run that has a turn, with its user. */
export interface Turn {
  readonly run: QueuedRun;
  readonly user: Consumer;
}

interface UserQueue {
  readonly consumer: Consumer;
  readonly turns: Turn[];
  /** How many of the turns were taken; −1: they are not sorted yet. */
  taken: number;
}

interface TeamQueue {
  readonly consumer: Consumer;
  readonly users: Map<Consumer, UserQueue>;
  heap: Heap<UserQueue> | null;
}

/** By age, then id. */
export const older = (a: QueuedRun, b: QueuedRun): number =>
  a.queuedAt - b.queuedAt || (a.id < b.id ? -1 : 1);

/** Of one user: the highest priority first, then by age. */
const byPriority = ({ run: a }: Turn, { run: b }: Turn): number => b.priority - a.priority || older(a, b);

const servedLess = (
  { consumer: a }: { consumer: Consumer },
  { consumer: b }: { consumer: Consumer },
): boolean => (a.standing !== b.standing ? a.standing < b.standing : a.id < b.id);

/**
 * Runs of one class in the order of fair share: first the team that was served least for its weight, inside it the user
 * who was served least, and of that user the run with the highest priority, then the oldest. Every turn that is charged
 * moves its user and team back, so that teams take turns in proportion to their weights. Only the teams and users whose turn
 * comes are sorted; a queue that comes in the order of priority and age costs one comparison a run.
 */
export class Lane {
  readonly #teams = new Map<Consumer, TeamQueue>();
  #heap: Heap<TeamQueue> | null = null;
  /** The team and user of the last turn, whose places may have changed since. */
  #last: { team: TeamQueue; user: UserQueue } | null = null;

  /** May be called only before the first turn is taken. */
  add(turn: Turn): void {
    const consumer = turn.user.team!;
    let team = this.#teams.get(consumer);
    if (!team) this.#teams.set(consumer, (team = { consumer, users: new Map(), heap: null }));
    let user = team.users.get(turn.user);
    if (!user) team.users.set(turn.user, (user = { consumer: turn.user, turns: [], taken: -1 }));
    user.turns.push(turn);
  }

  next(): Turn | undefined {
    this.#heap ??= new Heap<TeamQueue>(servedLess, [...this.#teams.values()]);
    this.#settle();
    const team = this.#heap.peek();
    if (!team) return undefined;
    team.heap ??= new Heap<UserQueue>(servedLess, [...team.users.values()]);
    const user = team.heap.peek()!;
    if (user.taken === -1) {
      user.turns.sort(byPriority);
      user.taken = 0;
    }
    this.#last = { team, user };
    return user.turns[user.taken++];
  }

  #settle(): void {
    if (!this.#last) return;
    const { team, user } = this.#last;
    this.#last = null;
    if (user.taken < user.turns.length) team.heap!.settle();
    else team.heap!.pop();
    if (team.heap!.size > 0) this.#heap!.settle();
    else this.#heap!.pop();
  }
}
