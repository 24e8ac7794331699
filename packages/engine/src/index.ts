export { chooseEngine, engineNames, enginesFor } from "./choose.ts";
export { openOnnxFile } from "./onnx-file/session.ts";
export { writeOnnxFile } from "./onnx-file/write.ts";

/** @public Options of `chooseEngine`, for code that names them. */
export type { EngineOptions } from "./choose.ts";
