export { fusedOnWebGpu } from "./lower.ts";
export { buildModel } from "./model.ts";
export { quantise } from "./file/weight-forms.ts";
export { writeOnnxFile } from "./file/write.ts";
