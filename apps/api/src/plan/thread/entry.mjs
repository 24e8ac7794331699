// A thread does not inherit what `--import tsx` has set up.
import { register } from "tsx/esm/api";

register();
await import("./main.ts");
