import { Command, type CommandOptions } from "./command.ts";
import { known } from "./known.ts";

/** A Vulkan adapter as `vulkaninfo --summary` describes it. */
export interface Adapter {
  /** Number in the loader's order. */
  index: number;
  name: string;
  /** The processor emulates it, as llvmpipe and SwiftShader do. */
  software: boolean;
  driver?: string;
  /** UUID of the card; NVIDIA's is the UUID that nvidia-smi prints after `GPU-`. */
  uuid?: string;
}

/** The Vulkan adapters of this host; none where there is no vulkaninfo, or no Vulkan. */
export async function readAdapters(options: CommandOptions): Promise<Adapter[]> {
  const end = await new Command("vulkaninfo", options).run(["--summary"]);
  return end.type === "exited" ? parseAdapters(end.stdout) : [];
}

/**
 * Reads the devices of a summary:
 * ```
 * GPU0:
 * 	deviceType         = PHYSICAL_DEVICE_TYPE_CPU
 * 	deviceName         = llvmpipe (LLVM 15.0.6, 256 bits)
 * ```
 */
export function parseAdapters(text: string): Adapter[] {
  const sections: { index: number; fields: Map<string, string> }[] = [];
  for (const line of text.split(/\r?\n/)) {
    const [, index] = /^GPU(\d+):/.exec(line) ?? [];
    if (index !== undefined) sections.push({ index: Number(index), fields: new Map() });
    const [, name, value] = /^\s+(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) sections.at(-1)?.fields.set(name, value);
  }
  return sections.flatMap(({ index, fields }) => {
    const name = fields.get("deviceName");
    if (name === undefined) return [];
    const software =
      fields.get("deviceType") === "PHYSICAL_DEVICE_TYPE_CPU" || /llvmpipe|swiftshader/i.test(name);
    const driver = fields.get("driverInfo") || fields.get("driverName") || undefined;
    return [{ index, name, software, ...known({ driver, uuid: fields.get("deviceUUID") }) }];
  });
}
