export { Poster } from "./poster.ts";
export { readProxy } from "./proxy.ts";
