// Preloaded into one process of the suite: SIGUSR2 blocks its event loop for CHAOS_BLOCK_MS, sockets open and timers due.
process.on("SIGUSR2", () => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(process.env.CHAOS_BLOCK_MS));
});
