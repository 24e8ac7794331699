import type { Device, LogLevel } from "@espalier/contract";

/** An attempt that computes on a device. */
export interface Occupant {
  note(level: LogLevel, message: string): void;
}

/** One device: whether it takes new runs, and the attempts that compute on it. */
export class Slot {
  readonly device: Device;
  readonly #occupants = new Set<Occupant>();
  #open = false;

  constructor(device: Device) {
    this.device = device;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  get busy(): boolean {
    return this.#occupants.size > 0;
  }

  set(open: boolean): void {
    this.#open = open;
  }

  enter(occupant: Occupant): void {
    this.#occupants.add(occupant);
  }

  leave(occupant: Occupant): void {
    this.#occupants.delete(occupant);
  }

  /** Writes to the logs of the runs that compute on it; false when there are none. */
  note(level: LogLevel, message: string): boolean {
    for (const occupant of this.#occupants) occupant.note(level, message);
    return this.busy;
  }
}
