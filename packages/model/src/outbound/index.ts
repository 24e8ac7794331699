export { GuardedFetch } from "./guarded-fetch.ts";
export { Poster } from "./poster.ts";
export { readProxy } from "./proxy.ts";
