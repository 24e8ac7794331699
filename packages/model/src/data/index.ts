export { collectTriplets, type TripletRow } from "./collect-triplets.ts";
export { jsonLines } from "./normalise.ts";
export { parseStsColumns, readStsPairs, type StsFormat } from "./sts-pairs.ts";
export { readTexts } from "./texts.ts";
export { readTriplets } from "./triplets.ts";
