import { SaxesParser } from "saxes";
import { known } from "./known.ts";
import { readNumber } from "./nvidia-rows.ts";

/** A MIG device: a compute instance of a GPU instance, with memory of its own. */
export interface Partition {
  /** UUID of its card. */
  cardUuid: string;
  /** Number among the card's partitions. */
  index: number;
  memoryBytes?: number;
  freeBytes?: number;
  uncorrected?: number;
  processes: GpuProcess[];
}

export interface GpuProcess {
  pid: number;
  name: string;
  usedBytes?: number;
}

/** `MIG-…` UUIDs and profile names of `nvidia-smi -L`, by card and by number on the card. */
export interface PartitionName {
  cardUuid: string;
  index: number;
  uuid: string;
  profile: string;
}

/**
 * Reads `nvidia-smi -L`:
 * ```
 * GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-…)
 *   MIG 1g.5gb      Device  0: (UUID: MIG-…)
 * ```
 */
export function readPartitionNames(text: string): PartitionName[] {
  const names: PartitionName[] = [];
  let cardUuid: string | undefined;
  for (const line of text.split(/\r?\n/)) {
    const card = /^GPU\s+\d+:.*\(UUID:\s*(GPU-[^)\s]+)\)/.exec(line);
    if (card) cardUuid = card[1];
    const partition = /^\s+MIG\s+(\S+)\s+Device\s+(\d+):\s*\(UUID:\s*(MIG-[^)\s]+)\)/.exec(line);
    if (partition && cardUuid !== undefined)
      names.push({ cardUuid, profile: partition[1]!, index: Number(partition[2]), uuid: partition[3]! });
  }
  return names;
}

const mebibyte = 2 ** 20;
const bytesOf = (text: string | undefined): number | undefined => {
  const mebibytes = readNumber(text?.replace(/\s*MiB$/, ""));
  return mebibytes === undefined ? undefined : mebibytes * mebibyte;
};

/**
 * Reads the partitions out of `nvidia-smi -q -x`, the only output that holds their memory and their processes.
 * @throws {Error} for what is not XML
 */
export function readPartitions(xml: string): Partition[] {
  const partitions: Partition[] = [];
  for (const card of elements(xml, ["gpu"])) {
    const cardUuid = card.text("uuid");
    if (cardUuid === undefined) continue;
    const devices = card.all("mig_devices/mig_device").map((device) => {
      const instance = `${device.text("gpu_instance_id")} ${device.text("compute_instance_id")}`;
      const processes = card
        .all("processes/process_info")
        .filter((each) => `${each.text("gpu_instance_id")} ${each.text("compute_instance_id")}` === instance)
        .flatMap((each) => {
          const pid = readNumber(each.text("pid"));
          const usedBytes = bytesOf(each.text("used_memory"));
          if (pid === undefined || each.text("type") === "G") return [];
          return [{ pid, name: each.text("process_name") ?? "", ...known({ usedBytes }) }];
        });
      return {
        cardUuid,
        index: readNumber(device.text("index")) ?? 0,
        processes,
        ...known({
          memoryBytes: bytesOf(device.text("fb_memory_usage/total")),
          freeBytes: bytesOf(device.text("fb_memory_usage/free")),
          uncorrected: readNumber(device.text("ecc_error_count/volatile_count/sram_uncorrectable")),
        }),
      };
    });
    partitions.push(...devices);
  }
  return partitions;
}

/** An XML element with its children, as far as nvidia-smi uses XML: no attributes that matter, no mixed content. */
class Element {
  readonly name: string;
  readonly children: Element[] = [];
  content = "";

  constructor(name: string) {
    this.name = name;
  }

  /** All elements at a path of names below this one. */
  all(path: string): Element[] {
    return path
      .split("/")
      .reduce<Element[]>(
        (found, name) => found.flatMap(({ children }) => children.filter((child) => child.name === name)),
        [this],
      );
  }

  text(path: string): string | undefined {
    return this.all(path)[0]?.content.trim();
  }
}

/** The elements of these names, wherever they are. */
function elements(xml: string, names: readonly string[]): Element[] {
  const found: Element[] = [];
  const open: Element[] = [];
  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", ({ name }) => {
    const element = new Element(name);
    open.at(-1)?.children.push(element);
    if (names.includes(name)) found.push(element);
    open.push(element);
  });
  parser.on("text", (text) => {
    const element = open.at(-1);
    if (element) element.content += text;
  });
  parser.on("closetag", () => void open.pop());
  parser.write(xml).close();
  return found;
}
