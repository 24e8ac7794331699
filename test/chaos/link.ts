import { connect, createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

interface Pair {
  /** What a swallow waits for has been said. */
  primed: boolean;
  client: Socket;
  server: Socket;
  /** Neither side hears of the other any more, and nobody tells them. */
  silent: boolean;
  /** What the server still says is not passed on. */
  swallowing: boolean;
}

interface Swallow {
  of: RegExp;
  after: RegExp | undefined;
  how: "cut" | "silence";
  done: () => void;
}

/**
 * A way from one process to one server, through which all of its connections go, and on which they can be disturbed as a
 * network does it: each side's kernel still acknowledges what it gets, so a client sees silence and not an error.
 */
export class Link {
  readonly #target: { host: string; port: number };
  readonly #listener: Server;
  readonly #pairs = new Set<Pair>();
  #mode: "open" | "stalled" | "silent" | "cut" = "open";
  #delayMs = 0;
  #swallow: Swallow | undefined;

  private constructor(target: { host: string; port: number }) {
    this.#target = target;
    this.#listener = createServer((client) => this.#accept(client));
  }

  /** @param url of the server */
  static async to(url: string): Promise<Link> {
    const { hostname, port } = new URL(url);
    const link = new Link({ host: hostname, port: Number(port) });
    link.#listener.listen(0, "127.0.0.1");
    await once(link.#listener, "listening");
    return link;
  }

  /** The server's URL, by way of this link. */
  via(url: string): string {
    const through = new URL(url);
    through.port = String((this.#listener.address() as { port: number }).port);
    return through.href;
  }

  /** Holds every byte back until `heal`: a partition that TCP survives. */
  stall(): void {
    this.#mode = "stalled";
    for (const pair of this.#pairs) hold(pair);
  }

  /** Connections of now are dead for good, without a word, as after a firewall forgot them; new ones hang until `heal`. */
  silence(): void {
    this.#mode = "silent";
    for (const pair of this.#pairs) this.#silence(pair);
  }

  /** Resets every connection, and new ones until `heal`. */
  cut(): void {
    this.#mode = "cut";
    this.drop();
  }

  /** Resets the connections of now. */
  drop(): void {
    for (const pair of this.#pairs) reset(pair);
  }

  /** Milliseconds for each way. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /**
   * Lets the next statement that matches `of` through to the server, and loses its answer: the client cannot know that it
   * was done. With `after`, on a connection on which that has been said before. Resolves when it has happened.
   */
  swallowAnswer(
    of: RegExp,
    { after, how = "cut" }: { after?: RegExp; how?: Swallow["how"] } = {},
  ): Promise<void> {
    return new Promise((done) => {
      this.#swallow = { of, after, how, done };
    });
  }

  /** All is as it should be; connections that were silenced stay so. */
  heal(): void {
    this.#mode = "open";
    this.#delayMs = 0;
    this.#swallow = undefined;
    for (const pair of this.#pairs) {
      if (pair.silent) continue;
      pair.client.resume();
      pair.server.resume();
    }
  }

  async close(): Promise<void> {
    this.#listener.close();
    this.drop();
    await once(this.#listener, "close");
  }

  #accept(client: Socket): void {
    client.on("error", () => undefined);
    if (this.#mode === "cut") {
      client.resetAndDestroy();
      return;
    }
    const server = connect(this.#target);
    server.on("error", () => undefined);
    const pair: Pair = { client, server, primed: false, silent: false, swallowing: false };
    this.#pairs.add(pair);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.setNoDelay(true);
      let passed = Promise.resolve();
      from.on("data", (bytes: Buffer) => {
        if (this.#delayMs === 0 && from === client) this.#look(pair, bytes);
        const ms = this.#delayMs;
        passed = passed.then(async () => {
          if (ms > 0) await sleep(ms);
          if (from === server && pair.swallowing) return;
          to.write(bytes);
        });
      });
      from.on("close", () => {
        // What was read is passed on first; a silenced pair does not tell.
        if (pair.silent) return;
        void passed.then(() => {
          this.#pairs.delete(pair);
          to.destroySoon();
        });
      });
    }
    if (this.#mode === "stalled") hold(pair);
    if (this.#mode === "silent") this.#silence(pair);
  }

  #look(pair: Pair, bytes: Buffer): void {
    const swallow = this.#swallow;
    if (!swallow) return;
    const text = bytes.toString("latin1");
    if (swallow.after?.test(text)) pair.primed = true;
    if (!swallow.of.test(text) || (swallow.after && !pair.primed)) return;
    this.#swallow = undefined;
    pair.swallowing = true;
    pair.server.once("data", () => {
      if (swallow.how === "cut") reset(pair);
      else this.#silence(pair);
      swallow.done();
    });
  }

  #silence(pair: Pair): void {
    pair.silent = true;
    hold(pair);
  }
}

function hold({ client, server }: Pair): void {
  client.pause();
  server.pause();
}

function reset({ client, server }: Pair): void {
  // libuv refuses to reset what has begun to shut down, and Node then waits for the handle for ever when it exits.
  for (const socket of [client, server])
    if (socket.writableEnded) socket.destroy();
    else socket.resetAndDestroy();
}
