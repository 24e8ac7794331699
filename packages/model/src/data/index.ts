export { collectTriplets, type TripletRow } from "./collect-triplets.ts";
export { jsonLines } from "./normalise.ts";
export { readRows } from "./rows.ts";
export { parseStsColumns, readStsPairs } from "./sts-pairs.ts";
export { readTexts } from "./texts.ts";
export { readTriplets } from "./triplets.ts";
