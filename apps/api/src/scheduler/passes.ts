import { KeptQueue, type Committed, type DispatchWaiting, type Store } from "@espalier/store";
import {
  defaultPolicy,
  plan,
  sameReservations,
  Standing,
  type Policy,
  type Preemption,
  type Snapshot,
} from "@espalier/scheduler";
import { WaitingReports } from "./waiting-reports.ts";

/** In a long queue, why runs wait is worked out for at most this share of the time. */
const explainingShare = 0.1;

/** What one pass has done. */
export interface Passed {
  /** False when another leader has decided since the snapshot: what was decided is void. */
  decided: boolean;
  /** Nothing had changed, so no plan was made. */
  stood?: boolean;
  committed?: Committed;
  preemptions: readonly Preemption[];
}

interface PassesOptions {
  store: Pick<Store, "dispatch">;
  policy?: Policy;
  /** Reasons to wait that one transaction stores at most; default 2,000. */
  portion?: number;
  /**
   * With more queued runs than this, decisions do not wait until it is worked out why the others wait; default 1,000.
   */
  longQueue?: number;
  /** Called with what was committed, before reasons are written. */
  onCommitted?: (committed: Committed) => Promise<void>;
  /** Whether something has happened that the next pass should decide first. */
  interrupted?: () => boolean;
}

/**
 * The passes of one leader, and what it remembers from one to the next: the queue as it was read, the plan that still stands, and
 * what runs were told. A pass over a pool in which nothing has changed makes no plan.
 */
export class Passes {
  readonly #store: PassesOptions["store"];
  readonly #policy: Policy;
  readonly #portion: number;
  readonly #longQueue: number;
  readonly #onCommitted: (committed: Committed) => Promise<void>;
  readonly #interrupted: () => boolean;
  readonly #reports = new WaitingReports();
  readonly #queue = new KeptQueue();
  #standing: Standing | undefined;
  /** When why runs wait may be worked out again; `performance.now()`. */
  #explainAt = 0;
  /** The last plan did not say why runs wait, or not all of it is stored. */
  #owes = false;
  /** When a run may be told of another place or start than it was told last; `performance.now()`. */
  #tellsAt: number | undefined;
  #isFirst = true;

  constructor({
    store,
    policy = defaultPolicy,
    portion = 2_000,
    longQueue = 1_000,
    onCommitted = async () => undefined,
    interrupted = () => false,
  }: PassesOptions) {
    this.#store = store;
    this.#policy = policy;
    this.#portion = portion;
    this.#longQueue = longQueue;
    this.#onCommitted = onCommitted;
    this.#interrupted = interrupted;
  }

  /** In how many ms a pass may work out why runs wait. */
  get explainsIn(): number {
    return Math.max(0, this.#explainAt - performance.now());
  }

  /** In how many ms a pass has something to do even if nothing happens; undefined: in none. */
  get owesIn(): number | undefined {
    if (this.#owes) return this.explainsIn;
    return this.#tellsAt === undefined
      ? undefined
      : Math.max(this.explainsIn, this.#tellsAt - performance.now());
  }

  /** Another may have led since: everything is read and told anew. */
  forget(): void {
    this.#reports.forget();
    this.#queue.forget();
    this.#standing = undefined;
    this.#isFirst = true;
  }

  /** Decides once over all that waits. */
  async pass(): Promise<Passed> {
    const idle: Passed = { decided: true, preemptions: [] };
    const snapshot = await this.#store.dispatch.snapshot(this.#queue);
    if (snapshot.queued.length === 0 && snapshot.reservations.length === 0) {
      this.#owes = false;
      this.#tellsAt = undefined;
      return idle;
    }
    const explain = this.#mayExplain(snapshot);
    const owes = this.#owes || (this.#tellsAt !== undefined && performance.now() >= this.#tellsAt);
    if (this.#standing?.holdsFor(snapshot) && !(owes && explain)) return { ...idle, stood: true };
    this.#isFirst = false;
    this.#standing = undefined;
    const { told, ...decisions } = this.#decide(snapshot, explain);
    const { number } = snapshot;
    const { starts, preemptions, reservations } = decisions;
    const changesNothing = starts.length + preemptions.length === 0;
    const isWritten = told.length === 0 && sameReservations(reservations, snapshot.reservations);
    if (changesNothing) this.#standing = new Standing({ snapshot, reservations }, this.#policy);
    if (changesNothing && isWritten) return idle;
    const committed = await this.#commit({ number, ...decisions, waiting: told.slice(0, this.#portion) });
    if (!committed) return { ...idle, decided: false };
    await this.#onCommitted(committed);
    const decided = await this.#tell(told.slice(this.#portion), { number, reservations });
    return { decided, committed, preemptions };
  }

  #mayExplain({ queued }: Snapshot): boolean {
    if (!this.#policy.explain) return false;
    if (queued.length <= this.#longQueue) return true;
    return !this.#isFirst && performance.now() >= this.#explainAt;
  }

  #decide(snapshot: Snapshot, explain: boolean) {
    const { queued, running, now } = snapshot;
    const started = performance.now();
    const { starts, preemptions, reservations, waiting } = plan(snapshot, { ...this.#policy, explain });
    this.#owes = this.#policy.explain && !explain;
    if (!explain) return { starts, preemptions, reservations, told: [] };
    const teamOf = new Map([...queued, ...running].map(({ id, teamId }) => [id, teamId]));
    const told = this.#reports.changed(waiting, teamOf, now);
    const ended = performance.now();
    // In a long queue something has always moved; there the next plan tells it.
    const { dueAt } = this.#reports;
    this.#tellsAt =
      dueAt === undefined || queued.length > this.#longQueue ? undefined : ended + Math.max(0, dueAt - now);
    this.#explainAt = ended + (ended - started) * (1 / explainingShare - 1);
    return { starts, preemptions, reservations, told };
  }

  /** Commits decisions. If they are not stored, or another leader has written since, all is told again. */
  async #commit(decisions: Parameters<Store["dispatch"]["commit"]>[0]): Promise<Committed | undefined> {
    let committed;
    try {
      committed = await this.#store.dispatch.commit(decisions);
    } finally {
      if (!committed) {
        this.#reports.forget();
        this.#standing = undefined;
      }
    }
    return committed;
  }

  /**
   * Stores why runs wait in portions, after the decisions, which must not wait for it. When something happens meanwhile, the
   * next pass comes first. False when another leader has decided.
   */
  async #tell(
    told: DispatchWaiting[],
    { number, reservations }: { number: string; reservations: Snapshot["reservations"] },
  ): Promise<boolean> {
    let next = BigInt(number) + 1n;
    for (let from = 0; from < told.length; from += this.#portion) {
      if (this.#interrupted()) {
        this.#reports.forget(told.slice(from));
        this.#owes = true;
        return true;
      }
      const waiting = told.slice(from, from + this.#portion);
      const decisions = { number: String(next++), starts: [], preemptions: [], reservations, waiting };
      if (!(await this.#commit(decisions))) return false;
    }
    return true;
  }
}
