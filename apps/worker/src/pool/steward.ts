import { holdCauses, type HoldCause } from "@espalier/contract";
import type { BeatAnswer, Finding, Store } from "@espalier/store";
import type { Health } from "../devices/health.ts";
import type { Slot } from "./slot.ts";

type Orders = Pick<BeatAnswer, "drain" | "holds">;

export interface StewardOptions {
  store: { holds: Pick<Store["holds"], "report" | "drained"> };
  workerId: string;
  slots: readonly Slot[];
  health: (position: number) => Health;
  /** What keeps all devices from taking runs; undefined before it was looked at. */
  hostFindings: () => readonly Finding[] | undefined;
  /** Looks at the devices again. */
  look: () => Promise<void>;
  /** Says whether any device takes new runs. */
  onOpen: (open: boolean) => void;
  /** Whether a delivery is being handled. */
  busy: () => boolean;
  onError: (error: unknown) => void;
  onChange: (what: string, facts: object) => void;
}

/**
 * Decides which devices take new runs: those that neither the database holds nor this host finds at fault. What the host
 * finds is reported again and again until the database has it, so that the two agree in the end, also after a report was lost,
 * or after an operator cleared a fault that is still there.
 */
export class Steward {
  readonly #options: StewardOptions;
  /** What the database last ordered; no run is taken before its first orders. */
  #orders: Orders | undefined;
  #reporting = false;
  /** The causes that the logs of the runs on each device already name. */
  readonly #noted: Set<string>[];

  constructor(options: StewardOptions) {
    this.#options = options;
    this.#noted = options.slots.map(() => new Set());
  }

  /** To be called with the answer of each heartbeat. */
  ordered({ drain, holds }: BeatAnswer): void {
    const { slots, health, onChange } = this.#options;
    if (drain?.now !== this.#orders?.drain?.now)
      onChange(drain ? "draining" : "taking runs again", { drain });
    this.#orders = { holds, ...(drain ? { drain } : {}) };
    for (const [position, { device }] of slots.entries())
      health(position).accept(
        Math.max(
          0,
          ...holds.filter(({ deviceId }) => deviceId === device.id).map(({ accepted = 0 }) => accepted),
        ),
      );
    this.looked();
  }

  /** To be called when the devices were looked at. */
  looked(): void {
    this.#steer();
    if (!this.#reporting) void this.#report();
  }

  /** Opens and closes the slots. */
  #steer(): void {
    const { slots, health, hostFindings, onChange, onOpen } = this.#options;
    const hostReady = hostFindings()?.length === 0;
    for (const [position, slot] of slots.entries()) {
      const ready = hostReady && health(position).ready;
      const findings = this.#findings(position);
      this.#note(position, findings);
      const held = this.#heldFor(slot.device.id);
      const open = this.#orders !== undefined && !this.#orders.drain && held.length === 0 && ready;
      if (open !== slot.isOpen)
        onChange(open ? "device takes runs" : "device takes no new runs", {
          device: slot.device.address,
          ...(open ? {} : { holds: held, findings }),
        });
      slot.set(open);
    }
    onOpen(slots.some(({ isOpen }) => isOpen));
  }

  #findings(position: number): Finding[] {
    const { health, hostFindings } = this.#options;
    return [...(hostFindings() ?? []), ...health(position).findings];
  }

  #heldFor(deviceId: string): HoldCause[] {
    return (this.#orders?.holds ?? [])
      .filter((hold) => hold.deviceId === deviceId && hold.accepted === undefined)
      .map(({ cause }) => cause);
  }

  #note(position: number, findings: readonly Finding[]): void {
    const slot = this.#options.slots[position]!;
    const noted = this.#noted[position]!;
    for (const { cause, reason } of findings) {
      if (noted.has(cause)) continue;
      if (slot.note("warn", `${holdCauses[cause].title} (${slot.device.address}). ${reason}`))
        noted.add(cause);
    }
    for (const cause of noted) if (!findings.some((finding) => finding.cause === cause)) noted.delete(cause);
  }

  async #report(): Promise<void> {
    this.#reporting = true;
    try {
      // Before the host was looked at, what it was held for last time stays.
      if (this.#orders && this.#options.hostFindings()) await this.#sendReports(this.#orders);
    } catch (error) {
      this.#options.onError(error);
    } finally {
      this.#reporting = false;
    }
  }

  async #sendReports({ drain, holds }: Orders): Promise<void> {
    const { store, slots, health, look, workerId, busy } = this.#options;
    for (const [position, { device }] of slots.entries()) {
      // An operator may have cleared a fault because it is mended: then the last look is too old to hold it again.
      const stays = ({ cause }: Finding) =>
        !holdCauses[cause].returns && !this.#heldFor(device.id).includes(cause);
      if (health(position).findings.some(stays)) await look();
      const { uncorrected } = health(position);
      const findings = this.#findings(position);
      const held = this.#heldFor(device.id);
      const missing = findings.some(({ cause }) => !held.includes(cause));
      const past = held.some(
        (cause) => holdCauses[cause].returns && !findings.some((finding) => finding.cause === cause),
      );
      const accepted = holds.find((hold) => hold.deviceId === device.id && hold.accepted !== undefined);
      const recounted = (accepted?.accepted ?? 0) > uncorrected;
      if (missing || past || recounted) await store.holds.report(device.id, findings, uncorrected);
    }
    if (drain && !drain.done && !busy()) await store.holds.drained(workerId);
  }
}
