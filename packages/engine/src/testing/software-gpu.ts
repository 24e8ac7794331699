import { existsSync } from "node:fs";

/** A driver of Vulkan that computes on the processor, as Debian's chromium brings it. */
const driver = "/usr/lib/chromium/vk_swiftshader_icd.json";
const loaders = ["/usr/lib/x86_64-linux-gnu/libvulkan.so.1", "/usr/lib/aarch64-linux-gnu/libvulkan.so.1"];

/** Why there is no GPU made of software on this machine; undefined where there is one. */
export const noSoftwareGpu: string | undefined = !existsSync(driver)
  ? "SwiftShader is not on this machine (Debian's package chromium)"
  : !loaders.some(existsSync)
    ? "the Vulkan loader is not on this machine (Debian's package libvulkan1)"
    : undefined;

/** Lets WebGPU find the GPU made of software. To be called before the first session of this process opens. */
export function useSoftwareGpu(): void {
  process.env["VK_ICD_FILENAMES"] = driver;
}
