export {
  chooseEngine,
  installedEngines,
  isEngineName,
  missingEngines,
  precisionOf,
  precisionsOf,
  probeEngines,
} from "./choose.ts";
export { openOnnxFile } from "./onnx/file-session.ts";

/** @public Options of `chooseEngine`, for code that names them. */
export type { EngineOptions } from "./options.ts";
