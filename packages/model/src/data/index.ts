export { collectTriplets, type TripletRow } from "./collect-triplets.ts";
export { readDataset } from "./dataset-rows.ts";
export { duplicatesWarning } from "./duplicates.ts";
export { jsonLines } from "./normalise.ts";
export { Reading } from "./reading.ts";
export { readStsPairs } from "./sts-pairs.ts";
export { readTexts, readTextLines } from "./texts.ts";
export { readTriplets } from "./triplets.ts";
