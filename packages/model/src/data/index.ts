export { collectTriplets, type TripletRow } from "./collect-triplets.ts";
export { jsonLines, type DatasetSummary } from "./normalise.ts";
export { parseStsColumns, readStsPairs, type StsColumns, type StsFormat } from "./sts-pairs.ts";
export { readTexts } from "./texts.ts";
export { readTriplets } from "./triplets.ts";
