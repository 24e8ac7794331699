import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  isProblem,
  leastParity,
  Problem,
  resolveEncoding,
  templateChoices,
  type ExportFormat,
  type LeftOut,
  type Parity,
} from "@espalier/contract";
import {
  browserConfig,
  Encoder,
  fixTokenizerConfig,
  loadModel,
  parityOf,
  parityTexts,
  removeSentenceTransformers,
  writeSentenceTransformers,
  type LoadOptions,
} from "@espalier/encoder";
import { loadTemplate } from "@espalier/model/tokenizer";
import {
  findModules,
  findPrompts,
  findRecord,
  mergeAdapter,
  onBase,
  parseConfig,
  readAdapter,
  refuseSteps,
  replicable,
  writeAdapter,
  writeRecord,
  type LoraAdapter,
} from "@espalier/model";
import type { ExportedFolder, ExportJob, OutcomeOf } from "@espalier/contract/compute";
import { readArchitecture } from "./architecture.ts";
import type { Computation } from "./computation.ts";
import { tell, type Told } from "./open.ts";
import { withoutEightBits, writeOnnxFiles } from "./export-onnx.ts";

const noAdapter: LoraAdapter = { rank: 1, alpha: 1, pairs: new Map() };

/**
 * Writes what other tools load, each format once and each file once, and embeds texts with what it has written: an
 * export whose vectors are not the trainer's does not come about.
 */
export async function exportModel(
  job: ExportJob,
  { engine, signal, report }: Computation,
): Promise<OutcomeOf<"export">> {
  const encoding = resolveEncoding(job.encoding);
  const { modelName } = job;
  const phases = job.formats.length + 1;
  const phase = (format: string, done: number) => {
    signal.throwIfAborted();
    report.progress({ phase: format, done, total: phases, unit: "formats" });
  };
  let told: Told = {};
  const vectorsOf = async (directory: string, changed: Partial<LoadOptions> = {}) => {
    // What is compared is whole: not every format can say how much of a vector is kept.
    const options = { engine, modelName, dimensions: Infinity, ...encoding, ...changed };
    const encoder = await Encoder.load(directory, options);
    // What was written from the model has nothing new to say.
    if (directory === job.model && changed.adapter === undefined) told = tell(encoder.model.remarks, report);
    try {
      return await encoder.embed(parityTexts, { signal });
    } finally {
      await encoder.close();
    }
  };

  phase("merge", 0);
  const base = parseConfig(await readFile(join(job.model, "config.json"), "utf8"));
  refuseSteps(await findModules(job.model, base.hiddenSize), "an export");
  const found = job.adapter ? await readAdapter(job.model) : undefined;
  const { adapter, layers: kept } = found ? onBase(found, base) : { layers: base.layers };
  const trained = await vectorsOf(job.model);
  const { dtype, shardBytes, output } = job;
  const { attention } = encoding;
  await mergeAdapter(job.model, adapter ?? noAdapter, output, {
    dtype,
    shardBytes,
    attention,
    layers: kept,
  });
  const prompts = await findPrompts(output);
  const { matryoshka } = (await findRecord(job.model)) ?? {};
  const dimensions = matryoshka && Math.max(...matryoshka);
  // They say how the base pooled; what this model was trained with is said below, where it can be.
  await removeSentenceTransformers(output);
  const { name: named } = await loadTemplate(encoding.template, { directory: job.model, modelName });
  const template =
    encoding.template === "auto"
      ? (templateChoices.find((one) => one === named) ?? "none")
      : encoding.template;
  const record = { encoding: { ...encoding, template }, matryoshka };
  await writeRecord(output, record);
  await fixTokenizerConfig(output, encoding.maxLength);
  const merged = (await readdir(output)).map((name) => ({ name, path: name }));
  const companions = merged.filter(({ name }) => name !== "config.json" && !name.startsWith("model"));
  const mergedParity = accept("safetensors", parityOf(trained, await vectorsOf(output)), dtypeAdvice(job));
  // What other tools do: no template, and every token is pooled, special ones included.
  const whole = parityOf(trained, await vectorsOf(output, { pooled: "sequence", template: "none" }));
  const pooledAlike = whole.least >= leastParity;

  const exports: ExportedFolder[] = [];
  const leftOut: LeftOut[] = [];
  const notes: string[] = [];
  const written = parseConfig(await readFile(join(output, "config.json"), "utf8"));
  if (written.source.get("is_causal") === false)
    notes.push(
      "The tokens of this model see those after them: its config.json says is_causal false, which transformers obeys from release 5 on. Release 4, and sentence-transformers on top of it, read past it and give other vectors without a word; there, call the model with attention_mask[:, None, None, :].bool().expand(-1, -1, attention_mask.shape[1], -1).",
      ...(job.formats.includes("peft") && adapter !== undefined
        ? [
            "PEFT puts the adapter on whatever base it is given, without a word: load the base with config = AutoConfig.from_pretrained(BASE), config.is_causal = False, AutoModel.from_pretrained(BASE, config=config), in transformers 5.",
          ]
        : []),
    );
  const make: Record<ExportFormat, () => Promise<ExportedFolder>> = {
    safetensors: async () => ({ format: "safetensors", files: merged, parity: mergedParity }),
    async peft() {
      if (adapter === undefined)
        throw new Problem(
          "export/unsupported",
          "The model has no adapter; leave the format peft out, or export the model that was trained.",
          { field: "/spec/formats" },
        );
      const folder = join(output, "peft");
      await mkdir(folder);
      const { layers, name, config } = job.base;
      if (layers !== undefined && !replicable(parseConfig(await readFile(config, "utf8")), layers))
        throw new Problem(
          "export/unsupported",
          `PEFT cannot take layers out of the middle of ${name}, whose layers differ in their windows or positions; leave the format peft out.`,
          { field: "/spec/formats" },
        );
      await writeAdapter(folder, adapter, { name, ...(layers === undefined ? {} : { layers }) });
      await writeRecord(folder, record);
      if (layers !== undefined)
        notes.push(
          `PEFT cuts ${name} to the ${layers.length} layers that the adapter was trained on when it loads it.`,
        );
      const files = (await readdir(folder)).map((file) => ({ name: file, path: `peft/${file}` }));
      // The factors as they were written, on the weights that they were trained on.
      const { layers: _, ...written } = await readAdapter(folder);
      const parity = accept("peft", parityOf(trained, await vectorsOf(job.model, { adapter: written })));
      return { format: "peft", files, parity };
    },
    async "sentence-transformers"() {
      if (!pooledAlike)
        throw new Problem(
          "export/unsupported",
          `sentence-transformers pools special tokens too and knows no template, which this model was not trained with (cosine ${whole.least.toFixed(4)}); train with the encoding pooled=sequence and template=none, and pooling=mean for text-embeddings-inference.`,
          { field: "/spec/formats" },
        );
      const { pooling, maxLength } = encoding;
      const { hiddenSize } = await readArchitecture(output);
      const written = await writeSentenceTransformers(output, {
        width: hiddenSize,
        pooling,
        maxLength,
        prompts,
        dimensions,
      });
      if (matryoshka !== undefined && dimensions !== undefined)
        notes.push(
          `The first ${matryoshka.join(", ")} numbers of a vector were trained to serve alone, and none after the first ${dimensions}: load the folder by SentenceTransformer(folder, truncate_dim=${dimensions}). Its config_sentence_transformers.json says so too, which sentence-transformers reads from 6.2 on.`,
        );
      if (pooling === "weighted_mean")
        notes.push(
          "sentence-transformers weighs tokens by their column, so this folder must be used with padding on the right, as its tokenizer says; text-embeddings-inference and vLLM have no weighted mean.",
        );
      const files = [...merged, ...written.map((name) => ({ name, path: name }))];
      return { format: "sentence-transformers", files, parity: whole };
    },
    async onnx() {
      const folder = join(output, "onnx");
      await mkdir(folder);
      const model = await loadModel(output);
      const template = await loadTemplate(encoding.template, { directory: output, modelName });
      const { files, parity, int8 } = await writeOnnxFiles(folder, model, {
        trained,
        encoding: { ...encoding, template },
        pooling: pooledAlike ? encoding.pooling : undefined,
        threads: job.threads,
      });
      accept("onnx", parity);
      if (int8.refused) notes.push(withoutEightBits(int8));
      if (encoding.pooling === "weighted_mean")
        notes.push(
          `transformers.js has no weighted mean, and its pooling "mean" gives other vectors: ${pooledAlike ? "take the graph's output sentence_embedding, which is pooled" : "weigh the states of last_hidden_state by 1, 2, 3 … over a text's tokens"}.`,
        );
      const config = await readFile(join(output, "config.json"), "utf8");
      await writeFile(join(output, "onnx.config.json"), browserConfig(config, !int8.refused));
      const own = files.map((file) => ({ name: `onnx/${file}`, path: `onnx/${file}` }));
      const all = [...companions, { name: "config.json", path: "onnx.config.json" }, ...own];
      return { format: "onnx", files: all, parity, int8 };
    },
  };
  for (const [i, format] of job.formats.entries()) {
    phase(format, i + 1);
    try {
      exports.push(await make[format]());
    } catch (error) {
      const others = job.formats.length - leftOut.length > 1;
      if (!(job.leaveOut && others && isProblem(error) && cannotBeWritten.has(error.code))) throw error;
      await rm(join(output, format), { recursive: true, force: true });
      leftOut.push({ format, reason: error.message });
      report.log("warn", `The format ${format} is left out. ${error.message}`);
    }
  }
  report.progress({ phase: "done", done: phases, total: phases, unit: "formats" });
  for (const note of notes) report.log("info", note);
  const architecture = job.formats.includes("safetensors") ? await readArchitecture(output) : undefined;
  return {
    kind: "export",
    exports,
    ...(leftOut.length > 0 && { leftOut }),
    notes,
    ...told,
    ...(architecture && { architecture }),
  };
}

/** Problems that say of one format that it cannot hold the model, or not truly. */
const cannotBeWritten: ReadonlySet<string> = new Set(["export/unsupported", "export/not-equal"]);

const dtypeAdvice = ({ dtype, adapter }: ExportJob): string =>
  dtype === "F32" || !adapter
    ? ""
    : " Weights of 16 bits cannot hold what the adapter adds; export with dtype F32.";

function accept(format: ExportFormat, parity: Parity, advice = ""): Parity {
  if (parity.least >= leastParity) return parity;
  throw new Problem(
    "export/not-equal",
    `The ${format} export gives other vectors than the trained model: the worst cosine is ${parity.least.toFixed(6)}, and ${leastParity} is demanded.${advice}`,
  );
}
