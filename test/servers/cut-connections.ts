import pg from "pg";

type Send = (...args: unknown[]) => Promise<unknown>;

/** What is the same statement although its values or names differ. */
const shapeOf = (text: string): string => text.replaceAll(/'runs\/\w+'|_\d{8}/g, "");

/** The statement that each connection has sent last: a `commit` is known by what it commits. */
const before = new WeakMap<pg.Client, string>();

/**
 * Ends all connections of this process with the first statement that was not cut before, as a kill does: it is done, and its answer
 * is lost, and nothing is sent after it.
 * @param done the statements that were cut before; this one is added
 * @returns what was cut, if anything was, and a way back
 */
export function cutAfterEach(done: Set<string>): { cut: () => string | undefined; restore: () => void } {
  const prototype = pg.Client.prototype as unknown as { query: Send };
  const original = prototype.query;
  let last: string | undefined;
  prototype.query = function (this: pg.Client, ...args: unknown[]) {
    const [config, callback] = [args[0], args.at(-1)];
    const text = shapeOf(typeof config === "string" ? config : ((config as { text?: string }).text ?? ""));
    if (last !== undefined) {
      const error = new Error("Connection terminated");
      this.end().catch(() => undefined);
      if (typeof callback !== "function") return Promise.reject(error);
      queueMicrotask(() => (callback as (error: Error) => void)(error));
      return undefined as unknown as Promise<unknown>;
    }
    const name = /^commit/i.test(text) ? `${text} after ${before.get(this)}` : text;
    before.set(this, text);
    if (done.has(name) || text.includes("adopt_cluster")) return original.apply(this, args);
    done.add(name);
    last = name;
    const lost = (): Error => {
      (this as unknown as { connection: { stream: { destroy: () => void } } }).connection.stream.destroy();
      return new Error("Connection terminated");
    };
    if (typeof callback === "function")
      return original.apply(this, [...args.slice(0, -1), () => (callback as (error: Error) => void)(lost())]);
    return original.apply(this, args).then(
      () => Promise.reject(lost()),
      () => Promise.reject(lost()),
    );
  };
  return { cut: () => last, restore: () => void (prototype.query = original) };
}
