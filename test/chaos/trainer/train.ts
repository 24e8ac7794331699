import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { resolveTrainingSettings } from "@espalier/contract";
import { writeSafetensors, type TensorSource } from "@espalier/model";
import type { Computation } from "../../../apps/compute/src/computation.ts";
import type { OutcomeOf, TrainJob } from "@espalier/contract/compute";
import { firstState, lossOf, nextState, resultOf, stateBytes } from "./progression.ts";
import { readScript, type Script } from "./script.ts";

/** Counts steps as the real trainer trains them: metrics each, a checkpoint every few, one more when it is asked to stop. */
export async function train(
  job: TrainJob,
  { signal, report }: Omit<Computation, "engine">,
): Promise<OutcomeOf<"train">> {
  const script = await readScript(job.triplets);
  const settings = resolveTrainingSettings(job.settings, job.mode);
  const { steps, seed, checkpointEvery } = settings;
  let { step, state } =
    job.resume === undefined ? { step: 0, state: firstState(seed) } : await load(job.resume);
  const resumed = job.resume === undefined ? {} : { resumedFromStep: step };
  const smaller = settings.chunkTokens < resolveTrainingSettings({}, job.mode).chunkTokens;

  const save = async () => {
    const path = join(job.checkpoints, `step-${step}.safetensors`);
    const began = performance.now();
    await writeSafetensors(path, tensorsOf(state, script), new Map([["step", String(step)]]));
    report.checkpoint(step, path, (performance.now() - began) / 1000);
  };
  while (step < steps) {
    await sleep(script.pace ?? 20, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) {
      if (step > 0) await save();
      signal.throwIfAborted();
    }
    await misbehave(script, step + 1, { smaller, resumed: job.resume !== undefined });
    step += 1;
    state = nextState(state, step);
    report.progress({ phase: "train", done: step, total: steps, unit: "steps" });
    report.metrics(step, { loss: lossOf(state) });
    if (step % checkpointEvery === 0 && step < steps) await save();
  }
  await mkdir(job.output, { recursive: true });
  await writeSafetensors(join(job.output, "adapter_model.safetensors"), [
    { name: "result", dtype: "U8", shape: [128, stateBytes], chunks: () => [resultOf(state)] },
  ]);
  await writeFile(join(job.output, "adapter_config.json"), "{}\n");
  const result = { steps, firstLoss: lossOf(nextState(firstState(seed), 1)), lastLoss: lossOf(state) };
  const counted = {
    seconds: 0,
    tokens: steps,
    tokensPerSecond: 1,
    trainableParameters: 1,
    peakMemoryBytes: 1,
  };
  return { kind: "train", result: { ...result, ...counted, ...resumed } };
}

function tensorsOf(state: Buffer, { weight = 1 }: Script): TensorSource[] {
  const filler = Buffer.alloc(1024);
  return [
    { name: "state", dtype: "U8", shape: [stateBytes], chunks: () => [state] },
    {
      name: "weight",
      dtype: "U8",
      shape: [weight, 1024],
      *chunks() {
        for (let each = 0; each < weight; each++) yield filler;
      },
    },
  ];
}

async function load(path: string): Promise<{ step: number; state: Buffer }> {
  const bytes = await readFile(path);
  const start = 8 + Number(bytes.readBigUInt64LE());
  const { __metadata__: metadata, state } = JSON.parse(bytes.subarray(8, start).toString()) as {
    __metadata__: { step: string };
    state: { data_offsets: [number, number] };
  };
  const [from, to] = state.data_offsets;
  return { step: Number(metadata.step), state: bytes.subarray(start + from, start + to) };
}

async function misbehave(
  script: Script,
  step: number,
  { smaller, resumed }: { smaller: boolean; resumed: boolean },
): Promise<void> {
  if (step === script.crash) {
    process.kill(process.pid, "SIGSEGV");
    await new Promise(() => undefined);
  }
  if (step === script.starve || (step === script.memory && !smaller)) {
    const error = new Error("the fake device has no memory left");
    error.name = "OutOfMemory";
    throw error;
  }
  if (step === script.hang && !resumed) await new Promise(() => setInterval(() => undefined, 1000));
}
