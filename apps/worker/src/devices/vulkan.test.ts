import { expect, it } from "vitest";
import { parseAdapters, readAdapters } from "./vulkan.ts";

const summary = `==========
VULKANINFO
==========

Vulkan Instance Version: 1.3.239

Instance Extensions: count = 2
-------------------------------
VK_EXT_debug_report                    : extension revision 10

Devices:
========
GPU0:
\tapiVersion         = 1.3.242 (4206834)
\tvendorID           = 0x10de
\tdeviceType         = PHYSICAL_DEVICE_TYPE_DISCRETE_GPU
\tdeviceName         = NVIDIA GeForce RTX 4090
\tdriverName         = NVIDIA
\tdriverInfo         = 535.54.03
\tdeviceUUID         = 11111111-aaaa-bbbb-cccc-0123456789ab
GPU1:
\tapiVersion         = 1.3.230
\tdeviceType         = PHYSICAL_DEVICE_TYPE_CPU
\tdeviceName         = llvmpipe (LLVM 15.0.6, 256 bits)
\tdriverInfo         = Mesa 22.3.6 (LLVM 15.0.6)
GPU2:
\tdeviceType         = PHYSICAL_DEVICE_TYPE_OTHER
\tdeviceName         = SwiftShader Device (Subzero)
\tdriverName         =
`;

it("adapters are reported with their driver, and those that the processor emulates are marked", () => {
  expect(parseAdapters(summary)).toEqual([
    {
      index: 0,
      name: "NVIDIA GeForce RTX 4090",
      software: false,
      driver: "535.54.03",
      uuid: "11111111-aaaa-bbbb-cccc-0123456789ab",
    },
    {
      index: 1,
      name: "llvmpipe (LLVM 15.0.6, 256 bits)",
      software: true,
      driver: "Mesa 22.3.6 (LLVM 15.0.6)",
    },
    { index: 2, name: "SwiftShader Device (Subzero)", software: true },
  ]);
});

it("there are no adapters in text that is no summary, and none without vulkaninfo", async () => {
  expect(
    parseAdapters("ERROR: [Loader Message] Code 0 : vkCreateInstance: Found no drivers!\nGPU0\n"),
  ).toEqual([]);
  expect(parseAdapters("GPU0:\n\tapiVersion = 1\n")).toEqual([]);
  expect(await readAdapters({ seconds: 5, environment: { PATH: "/nowhere" } })).toEqual([]);
});
