import { availableParallelism } from "node:os";
import { noEngine, type DeviceKind, type EngineName } from "@espalier/contract";
import type { Logger } from "pino";
import { findDevices, type FoundDevice } from "./host.ts";
import { NvidiaSmi } from "./nvidia-smi.ts";
import { readProcessor } from "./processor.ts";
import { readAdapters } from "./vulkan.ts";

export interface HostDevices {
  nvidia: NvidiaSmi;
  devices: FoundDevice[];
  /** Threads of a compute process: the configured number, or as many as a CPU quota allows; absent: one for each core. */
  threads?: number;
}

/** nvidia-smi needs seconds where drivers sleep between calls; one that needs longer is stuck in its driver. */
const toolSeconds = 10;

/**
 * Looks at the host when the worker starts: which devices it has, and which of them this worker offers.
 * @throws {Problem} as `findDevices`
 */
export async function lookAround(
  config: { devices: string; engine?: EngineName; threads?: number },
  {
    environment,
    enginesFor,
    missingEngines,
    log,
  }: {
    environment: Readonly<Record<string, string | undefined>>;
    enginesFor: (kind: DeviceKind) => readonly string[];
    missingEngines: (kind: DeviceKind) => string;
    log: Logger;
  },
): Promise<HostDevices> {
  const { devices: wanted, engine } = config;
  const tools = { seconds: toolSeconds, environment };
  const nvidia = new NvidiaSmi(tools);
  const wantsVulkan = wanted.includes("vulkan") || enginesFor("webgpu").length > 0;
  const [report, adapters] = await Promise.all([nvidia.report(), wantsVulkan ? readAdapters(tools) : []]);
  if (report.type === "silent")
    log.warn({ reason: report.reason }, "the NVIDIA devices of this host are left out");
  const visibleDevices = environment["CUDA_VISIBLE_DEVICES"];
  const devices = await findDevices({
    wanted,
    enginesFor,
    missingEngines,
    nvidia: report,
    adapters,
    ...(engine === undefined ? {} : { engine }),
    ...(visibleDevices === undefined ? {} : { visibleDevices }),
  });
  for (const card of report.type === "cards" ? report.cards : [])
    if (
      !devices.some(
        ({ identity, address }) =>
          identity === `cuda:${card.uuid}` || address.startsWith(`cuda:${card.index}:`),
      )
    )
      log.info({ card: `cuda:${card.index}`, name: card.name }, "a card of this host is not offered");
  for (const { address, kind, engine: chosen } of devices)
    if (chosen !== noEngine && !enginesFor(kind).includes(chosen))
      log.warn(
        { device: address, engine: chosen },
        "this engine does not compute on this device; it is only reserved",
      );
  const { cores } = await readProcessor();
  const threads = config.threads ?? (cores < availableParallelism() ? cores : undefined);
  return { nvidia, devices, ...(threads === undefined ? {} : { threads }) };
}
