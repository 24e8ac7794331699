export { collectTriplets, type TripletRow } from "./collect-triplets.ts";
export { readDataset, readTaskRows } from "./dataset-rows.ts";
export { duplicatesWarning } from "./duplicates.ts";
export { jsonLines } from "./normalise.ts";
export { Reading } from "./reading.ts";
export { comesInFolder, readTaskFolder } from "./task-folder.ts";
export { readStsPairs } from "./sts-pairs.ts";
export { readTexts, readTextLines } from "./texts.ts";
export { readTriplets } from "./triplets.ts";
