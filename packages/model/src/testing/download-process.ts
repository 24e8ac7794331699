// Downloads a model in a process of its own, for a test to kill.
import { downloadModel } from "../hub/index.ts";

const [source, options] = JSON.parse(process.argv[2]!) as Parameters<typeof downloadModel>;
await downloadModel(source, options);
