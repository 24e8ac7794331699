// One device of several, started by `DeviceProcess`.
import { chooseEngine } from "@espalier/engine";
import type { Executable } from "@espalier/tensor";
import { ownPeak } from "../../computation.ts";
import { graphOf } from "../graph-list.ts";
import { failureOf, type Answer, type DeviceEngine, type Request, type Tensors } from "../messages.ts";

const { engine: name, options } = JSON.parse(process.argv[2]!) as DeviceEngine;
const engine = chooseEngine(name, options);
const executables = new Map<number, Executable>();

async function answer(request: Request): Promise<Tensors> {
  const { executable: number } = request;
  if (request.type === "open") {
    executables.set(number, await engine.open(graphOf(request.graph), request.weights));
    return {};
  }
  // What failed to open is closed too.
  const executable = executables.get(number);
  if (request.type === "run") return executable!.run(request.feeds);
  executables.delete(number);
  await executable?.close();
  return {};
}

/** One after another, in the order in which they were asked. */
let before: Promise<unknown> = Promise.resolve();
process.on("message", (request: Request) => {
  before = before
    .then(() => answer(request))
    .then(
      (results): Answer => ({ results, peak: ownPeak() }),
      (error: unknown): Answer => ({ failure: failureOf(error), peak: ownPeak() }),
    )
    // Nobody is there any more to whom a failure could be told.
    .then((answered) => process.send?.(answered, () => undefined));
});
// Whoever started it has ended, or needs it no more.
process.on("disconnect", () => process.exit());
