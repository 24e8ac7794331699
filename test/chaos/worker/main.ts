// A worker as the product starts it, but for the module of its compute processes.
import { fileURLToPath } from "node:url";
import { readConfig } from "../../../apps/worker/src/config.ts";
import { serve } from "../../../apps/worker/src/serve.ts";

await serve(readConfig(process.env), {
  computeEntry: fileURLToPath(new URL("../trainer/main.ts", import.meta.url)),
});
