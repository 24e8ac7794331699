import { Problem } from "@espalier/contract";

/** Whether an engine can be loaded here for a kind of device, without loading it. */
export type Probe =
  | { readonly installed: true; /** Such as `onnxruntime-node 1.30.0`. */ readonly what: string }
  | { readonly installed: false; /** What is missing, as a sentence. */ readonly missing: string };

/** The problem of an engine that is not installed or does not start, with the command that changes it. */
export const engineUnavailable = (message: string, command?: string, options?: ErrorOptions): Problem =>
  new Problem(
    "device/engine-unavailable",
    command === undefined ? message : `${message} Run \`${command}\`.`,
    {},
    options,
  );

/** The number in an address such as `cuda:1` or `vulkan:0`; 0 where there is none. */
export const ordinalOf = (address: string | undefined): number => Number(address?.split(":")[1] ?? 0);
