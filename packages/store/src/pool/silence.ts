import type { LeaseTiming } from "@espalier/contract";

/** A worker that has missed three heartbeats gets no new runs; it is LOST much later, because what it runs may go on. In s. */
export const silenceOf = ({ heartbeat }: LeaseTiming): number => 3 * heartbeat;
