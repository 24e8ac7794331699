import { noEngine, Problem, type DeviceKind } from "@espalier/contract";
import type { NewDevice } from "@espalier/store";
import { known } from "./known.ts";
import type { Card, NvidiaReport } from "./nvidia-smi.ts";
import { readProcessor, type Processor } from "./processor.ts";
import { selectDevices, visibleCards, type Candidate } from "./selection.ts";
import type { Adapter } from "./vulkan.ts";

/** Where the measurements of a device come from. */
export type Source =
  | { type: "processor" }
  | { type: "card"; uuid: string }
  | { type: "partition"; cardUuid: string; uuid: string }
  | { type: "adapter" };

/** A device that this worker offers. */
export interface FoundDevice extends NewDevice {
  source: Source;
  /** Shows a compute process this device, and no other GPU. */
  environment: Readonly<Record<string, string>>;
  /** Why no installed engine computes on it, and what changes that; it takes no runs. */
  unusable?: string;
}

export interface HostOptions {
  /** ESPALIER_DEVICES. */
  wanted: string;
  /** ESPALIER_ENGINE, where it is set. */
  engine?: string;
  enginesFor: (kind: DeviceKind) => readonly string[];
  /** Why none of `enginesFor` a kind is installed, and what changes that. */
  missingEngines: (kind: DeviceKind) => string;
  /** CUDA_VISIBLE_DEVICES of the worker itself. */
  visibleDevices?: string;
  nvidia: NvidiaReport;
  adapters: readonly Adapter[];
}

type Found = Candidate & Omit<FoundDevice, keyof Candidate | "engine">;

/**
 * The devices that a worker offers, from what is there and what was asked for.
 * @throws {Problem} `request/invalid` for a selection that cannot be, `service/unavailable` for NVIDIA devices that are asked
 *   for by name while their driver does not answer
 */
export async function findDevices(options: HostOptions): Promise<FoundDevice[]> {
  const { nvidia, adapters, wanted } = options;
  if (nvidia.type === "silent" && /\bcuda\b/.test(wanted))
    throw new Problem("service/unavailable", `ESPALIER_DEVICES is "${wanted}", and ${nvidia.reason}`, {
      field: "ESPALIER_DEVICES",
    });
  const processor = await readProcessor();
  const cards = nvidia.type === "cards" ? nvidia.cards : [];
  const visible = visibleCards(
    options.visibleDevices,
    cards.flatMap(({ uuid, index, partitions = [] }) => [
      { index, uuid },
      ...partitions.map((each) => ({ index: -1, uuid: each.uuid })),
    ]),
  );
  const selected = selectDevices(
    [
      ofProcessor(processor),
      ...cards.flatMap((card) => ofCard(card, visible, processor)),
      ...adapters.map((adapter) => ofAdapter(adapter, cards)),
    ],
    options,
  );
  return selected.map((device) =>
    device.engine === noEngine ? { ...device, unusable: options.missingEngines(device.kind) } : device,
  );
}

const noCuda = { CUDA_VISIBLE_DEVICES: "" };

function ofProcessor({ model, cores, memoryBytes }: Processor): Found {
  return {
    address: "cpu",
    identity: "cpu",
    kind: "cpu",
    name: `${model}, ${cores} ${cores === 1 ? "core" : "cores"}`,
    software: false,
    memoryBytes,
    source: { type: "processor" },
    environment: noCuda,
  };
}

function ofCard(card: Card, visible: ReadonlySet<string>, processor: Processor): Found[] {
  const { uuid, index, name, driver, freeBytes, partitions } = card;
  const common = { kind: "cuda" as const, software: false, ...known({ driver }) };
  const shows = (id: string) => ({ CUDA_DEVICE_ORDER: "PCI_BUS_ID", CUDA_VISIBLE_DEVICES: id });
  if (partitions !== undefined)
    return partitions
      .filter((each) => visible.has(uuid) || visible.has(each.uuid))
      .map((each) => ({
        ...common,
        card: uuid,
        address: `cuda:${index}:${each.index}`,
        identity: `cuda:${each.uuid}`,
        name: `${name} MIG ${each.profile}`,
        memoryBytes: each.memoryBytes ?? 0,
        source: { type: "partition", cardUuid: uuid, uuid: each.uuid },
        environment: shows(each.uuid),
        ...known({ freeBytes: each.freeBytes }),
      }));
  if (!visible.has(uuid)) return [];
  return [
    {
      ...common,
      card: uuid,
      address: `cuda:${index}`,
      identity: `cuda:${uuid}`,
      name,
      // A card that shares the processor's memory has none of its own to report.
      memoryBytes: card.memoryBytes ?? processor.memoryBytes,
      source: { type: "card", uuid },
      environment: shows(uuid),
      ...known({ freeBytes }),
    },
  ];
}

function ofAdapter({ index, name, software, driver, uuid }: Adapter, cards: readonly Card[]): Found {
  const card = cards.find((each) => each.uuid.toLowerCase() === `gpu-${uuid?.toLowerCase()}`);
  return {
    address: `vulkan:${index}`,
    identity: `vulkan:${uuid ?? `${index} ${name}`}`,
    kind: "webgpu",
    name,
    software,
    memoryBytes: card?.memoryBytes ?? 0,
    source: card ? { type: "card", uuid: card.uuid } : { type: "adapter" },
    environment: noCuda,
    ...known({ driver, card: card?.uuid ?? uuid, freeBytes: card?.freeBytes }),
  };
}
