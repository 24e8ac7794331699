import { Problem } from "@espalier/contract";

/** How many event streams each key has open at this API. */
export class OpenStreams {
  readonly #most: number;
  readonly #open = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  /**
   * @returns a function to be called once when the stream has ended
   * @throws {Problem} `request/too-many-streams`
   */
  open(keyId: string): () => void {
    const open = this.#open.get(keyId) ?? 0;
    if (open >= this.#most)
      throw new Problem(
        "request/too-many-streams",
        `The key follows ${open} event streams, as many as it may; one of GET /v1/events tells of all runs.`,
      );
    this.#open.set(keyId, open + 1);
    return () => {
      const left = this.#open.get(keyId)! - 1;
      if (left === 0) this.#open.delete(keyId);
      else this.#open.set(keyId, left);
    };
  }
}
