export type { EngineOptions } from "./choose.ts";
export { chooseEngine, engineNames, enginesFor } from "./choose.ts";
export { openOnnxFile, type OnnxSession } from "./onnx/file-session.ts";
export { writeOnnxFile, type OnnxFile } from "./onnx/file.ts";
