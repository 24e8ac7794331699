const timeoutMs = 2_000;

/** Asks a server whether it answers, and remembers since when it has not. */
export class Probe {
  readonly #ask: () => Promise<void>;
  #awaySince: Date | undefined;

  /** @param ask rejects while the server is away */
  constructor(ask: () => Promise<void>) {
    this.#ask = ask;
  }

  /** Since when every question was left without an answer; undefined when the last one was answered. */
  get awaySince(): Date | undefined {
    return this.#awaySince;
  }

  /** Whether the server answers within two seconds. */
  async answers(): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error("no answer")), timeoutMs);
    });
    try {
      await Promise.race([this.#ask(), timeout]);
      this.#awaySince = undefined;
      return true;
    } catch {
      this.#awaySince ??= new Date();
      return false;
    } finally {
      clearTimeout(timer);
    }
  }
}
