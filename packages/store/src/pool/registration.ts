import { Problem, type Device, type EngineRate } from "@espalier/contract";

/** A device as a worker declares it. `memoryBytes` is 0 when the size is not known. */
export type NewDevice = Pick<Device, "address" | "identity" | "kind" | "name" | "engine" | "memoryBytes"> &
  Partial<Pick<Device, "driver" | "software">> & { freeBytes?: number; rates?: readonly EngineRate[] };

export interface NewWorker {
  name: string;
  host: string;
  version: string;
  /** The protocol of the worker; default: the one of this version. */
  protocol?: number;
  /** Identity of the process on its host; see `Workers.holder`. */
  process?: string;
  labels?: Readonly<Record<string, string>>;
  devices: readonly NewDevice[];
}

const most = { devices: 256, labels: 32, text: 200, memoryBytes: 2 ** 50 } as const;
const kinds = new Set(["cpu", "cuda", "webgpu"]);
/** Keys and values of labels have the form of Kubernetes' labels, so that those of a node can be passed on. */
const label = /^[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$/;
// eslint-disable-next-line no-control-regex
const control = /[\u0000-\u001f\u007f\u2028\u2029]/;

/**
 * Refuses a registration that cannot be true before it reaches the database. The reason is for the person who reads the
 * worker's log.
 * @throws {Problem} `worker/refused`, with `field` as a JSON pointer into the registration
 */
export function checkRegistration({ name, host, version, labels = {}, devices }: NewWorker): void {
  checkText(name, "/name");
  checkText(host, "/host");
  checkText(version, "/version");
  const entries = Object.entries(labels);
  if (entries.length > most.labels)
    refuse("/labels", `it has ${entries.length} labels; ${most.labels} are enough`);
  for (const [key, value] of entries) {
    for (const text of [key, value])
      if (typeof text !== "string" || !label.test(text))
        refuse(
          `/labels/${key.slice(0, 80)}`,
          `the label ${quote(key)}=${quote(value)} must be of 1 to 63 letters, digits, ".", "_", "-" or "/"`,
        );
  }
  if (!Array.isArray(devices) || devices.length === 0) refuse("/devices", "it has no device");
  if (devices.length > most.devices)
    refuse("/devices", `it declares ${devices.length} devices; a host has at most ${most.devices}`);
  const seen = new Map<string, number>();
  for (const [position, device] of devices.entries()) checkDevice(device, position, seen);
}

function checkDevice(device: NewDevice, position: number, seen: Map<string, number>): void {
  const at = `/devices/${position}`;
  const { address, identity, kind, name, engine, memoryBytes, freeBytes, driver } = device;
  for (const [field, text] of Object.entries({ address, identity, name, engine, ...(driver && { driver }) }))
    checkText(text, `${at}/${field}`);
  if (!kinds.has(kind)) refuse(`${at}/kind`, `${quote(kind)} is no kind of device`);
  if (!Number.isSafeInteger(memoryBytes) || memoryBytes < 0 || memoryBytes > most.memoryBytes)
    refuse(`${at}/memoryBytes`, `${address} cannot have ${memoryBytes} bytes of memory`);
  if (freeBytes !== undefined) {
    if (!Number.isSafeInteger(freeBytes) || freeBytes < 0)
      refuse(`${at}/freeBytes`, `${address} cannot have ${freeBytes} bytes free`);
    if (memoryBytes > 0 && freeBytes > memoryBytes)
      refuse(`${at}/freeBytes`, `${address} says that ${freeBytes} of its ${memoryBytes} bytes are free`);
  }
  const twin = seen.get(identity) ?? seen.get(address);
  if (twin !== undefined)
    refuse(`${at}/identity`, `devices ${twin} and ${position} are both ${identity} (${address})`);
  seen.set(identity, position).set(address, position);
}

function checkText(text: unknown, field: string): void {
  if (typeof text !== "string" || text.trim() === "") refuse(field, `${field} is empty`);
  else if (text.length > most.text) refuse(field, `${field} has ${text.length} characters`);
  else if (control.test(text)) refuse(field, `${field} holds control characters: ${quote(text)}`);
}

function refuse(field: string, why: string): never {
  throw new Problem("worker/refused", `The pool does not take this worker: ${why}.`, { field });
}

const quote = (value: unknown): string => JSON.stringify(value)?.slice(0, 80) ?? "undefined";
