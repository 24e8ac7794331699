import { Socket } from "node:net";
import fp from "fastify-plugin";

/**
 * After an answer that did not wait for the whole body, such as a refusal, the rest is dropped as it comes, so that the client
 * can finish sending and read the answer. It has so many milliseconds for that.
 */
export const unreadBodies = fp<{ withinMs: number }>(
  async (app, { withinMs }) => {
    app.addHook("onResponse", async ({ raw }) => {
      // A request that was injected has no socket.
      if (raw.complete || !(raw.socket instanceof Socket) || raw.socket.destroyed) return;
      const timer = setTimeout(() => {
        if (!raw.complete) raw.socket.destroy();
      }, withinMs);
      timer.unref();
      raw.on("close", () => clearTimeout(timer));
    });
  },
  { name: "unread-bodies" },
);
