import { Problem, type Mode, type Triplet } from "@espalier/contract";
import { Random, type RandomState } from "../random.ts";

/** Where a {@link Batches} stands, plain numbers. */
export interface BatchesPosition {
  readonly epoch: number;
  /** Batches of this epoch that were handed out. */
  readonly batch: number;
  /** The generator as it was when the epoch began. */
  readonly random: RandomState;
}

/**
 * Endless batches of triplets: each epoch shuffles the examples of a task, cuts them into full batches and shuffles the
 * batches of all tasks. A batch holds one task, so that its in-batch negatives are of a kind; a short tail waits for the
 * next epoch.
 *
 * In reference mode each epoch goes through the same batches in the same order, as l3prune's sequential sampler does, and rows are
 * cut into batches as they come, whatever they say of one another.
 */
export class Batches {
  readonly #triplets: readonly Triplet[];
  readonly #size: number;
  #position: BatchesPosition;
  readonly #mode: Mode;
  #epoch: readonly (readonly number[])[];

  private constructor(triplets: readonly Triplet[], size: number, mode: Mode, position: BatchesPosition) {
    this.#triplets = triplets;
    this.#size = size;
    this.#mode = mode;
    this.#position = position;
    this.#epoch = this.#shuffle();
  }

  /** @throws {Problem} `dataset/too-small` when no task fills a batch */
  static start(triplets: readonly Triplet[], size: number, seed: number, mode: Mode = "default"): Batches {
    const largest = Math.max(0, ...tasks(triplets).map((rows) => rows.length));
    if (largest < size) {
      const where = largest === triplets.length ? "the dataset has" : "its largest task has";
      throw new Problem(
        "dataset/too-small",
        `A batch of ${size} needs as many triplets of one task, but ${where} ${largest}; choose a smaller batch or add data.`,
        { field: "/batchSize" },
      );
    }
    return new Batches(triplets, size, mode, { epoch: 0, batch: 0, random: Random.seeded(seed).state });
  }

  /** How many full batches of one task an epoch has. */
  static count(triplets: readonly Triplet[], size: number): number {
    return tasks(triplets).reduce((sum, rows) => sum + Math.floor(rows.length / size), 0);
  }

  /** Continues at a position of batches of the same triplets and size. */
  static resume(
    triplets: readonly Triplet[],
    size: number,
    position: BatchesPosition,
    mode: Mode = "default",
  ): Batches {
    return new Batches(triplets, size, mode, position);
  }

  get position(): BatchesPosition {
    return this.#position;
  }

  /** How many batches an epoch has. */
  get perEpoch(): number {
    return this.#epoch.length;
  }

  next(): Triplet[] {
    const { epoch, batch, random } = this.#position;
    const rows = this.#epoch[batch]!.map((row) => this.#triplets[row]!);
    if (batch + 1 < this.#epoch.length) this.#position = { epoch, batch: batch + 1, random };
    else {
      const next = this.#mode === "reference" ? random : this.#endOfEpoch;
      this.#position = { epoch: epoch + 1, batch: 0, random: next };
      this.#epoch = this.#shuffle();
    }
    return rows;
  }

  #endOfEpoch: RandomState = [0, 0, 0, 0];

  #shuffle(): number[][] {
    const random = Random.restored(this.#position.random);
    const batches = tasks(this.#triplets).flatMap((rows) =>
      this.#mode === "reference"
        ? inOrder(random.shuffled(rows), this.#size)
        : cut(random.shuffled(rows), this.#triplets, this.#size),
    );
    const planned = random.shuffled(batches);
    this.#endOfEpoch = random.state;
    return planned;
  }
}

/** Row numbers by task, in the order in which the tasks first occur. */
function tasks(triplets: readonly Triplet[]): number[][] {
  const byTask = new Map<string | undefined, number[]>();
  for (const [row, { task }] of triplets.entries()) {
    const rows = byTask.get(task);
    if (rows === undefined) byTask.set(task, [row]);
    else rows.push(row);
  }
  return [...byTask.values()];
}

/** Full batches of rows as they come. */
const inOrder = (rows: readonly number[], size: number): number[][] =>
  Array.from({ length: Math.floor(rows.length / size) }, (_, i) => rows.slice(i * size, (i + 1) * size));

/** In batches: a dataset that repeats one text a million times is not searched through for each batch. */
const mostWaiting = 8;

/**
 * Full batches of rows in their order. A row that would make another's positive a negative waits for the next batch
 * while there are other rows to take; the rest goes where there is room.
 */
function cut(rows: readonly number[], triplets: readonly Triplet[], size: number): number[][] {
  const batches: number[][] = [];
  let waiting: number[] = [];
  let next = 0;
  while (batches.length < Math.floor(rows.length / size)) {
    const batch: number[] = [];
    const still: number[] = [];
    const texts = new TextsOfBatch();
    const offer = (row: number) => {
      if (batch.length < size && texts.accept(triplets[row]!)) batch.push(row);
      else still.push(row);
    };
    for (const row of waiting) offer(row);
    while (batch.length < size && next < rows.length && still.length < mostWaiting * size)
      offer(rows[next++]!);
    waiting = still;
    if (batch.length < size) batch.push(...waiting.splice(0, size - batch.length));
    batches.push(batch);
  }
  return batches;
}

/** What the rows of a batch say, to find rows that contradict each other. */
class TextsOfBatch {
  readonly #queries = new Set<string>();
  readonly #positives = new Set<string>();
  readonly #candidates = new Set<string>();

  /** Adds a row unless its query is there already, its positive is a candidate, or a negative of it is a positive. */
  accept({ query, positive, negatives }: Triplet): boolean {
    if (this.#queries.has(query) || this.#candidates.has(positive)) return false;
    if (negatives.some((negative) => this.#positives.has(negative))) return false;
    this.#queries.add(query);
    this.#positives.add(positive);
    for (const candidate of [positive, ...negatives]) this.#candidates.add(candidate);
    return true;
  }
}
