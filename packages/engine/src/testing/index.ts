export { tfjsInJavaScript } from "./javascript.ts";
export { noSoftwareGpu, useSoftwareGpu } from "./software-gpu.ts";
