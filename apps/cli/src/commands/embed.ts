import type { Writable } from "node:stream";
import { vectorFormats, type VectorFormat } from "@espalier/contract/compute";
import { defineCommand, UsageError } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { compute } from "../offline/compute.ts";
import { layersOptions, parseLayers } from "../arguments/layers.ts";
import { encodingHelp, encodingOptions, parseEncoding } from "../arguments/encoding.ts";
import { engineHelp, engineOptions, onEngine } from "../arguments/engine.ts";
import { checkExists } from "../offline/existing.ts";
import { ProgressBars } from "../terminal/progress-bars.ts";
import { given, parseCount } from "../arguments/settings.ts";
import { makeFile } from "../offline/new-file.ts";

export const embed = defineCommand({
  name: "embed",
  arguments: "DIR [TEXT …]",
  summary: "vectors of texts by a model folder, without a server",
  examples: [
    'espalier embed SmolLM2-cut "A text." "Another one."',
    "espalier embed SmolLM2-cut --normalize --format npy < texts.txt > vectors.npy",
  ],
  help: [
    ...encodingHelp,
    "--keep N            run only the first N layers; --drop 30% drops this share of them from the top",
    "--instruction TEXT  told to the model before each text, and not pooled",
    "--separator TEXT    between the instruction and a text; default `; `, or what the template says",
    "--dimensions N      the first N numbers of every vector, before --normalize; for models that were trained so (Matryoshka)",
    "--normalize         scale every vector to length 1, as it is by default where modules.json says so",
    "--format F          json: an array a line (default); npy: one NumPy array; f32: raw little-endian rows",
    "--out FILE          instead of stdout; it must not exist, and its name says the format where it ends in .npy or .f32",
    ...engineHelp,
    "DIR is a Hugging Face folder, with an adapter or without. Without TEXT, lines of stdin, none of them empty.",
  ],
  arity: [1, Infinity],
  options: {
    ...encodingOptions,
    ...layersOptions,
    ...engineOptions,
    instruction: { type: "string" },
    separator: { type: "string" },
    dimensions: { type: "string" },
    normalize: { type: "boolean" },
    out: { type: "string" },
    format: { type: "string" },
  },
  async run(context, values, [dir = "", ...texts]) {
    const { environment, output, path, signal, stdin, stdout } = onEngine(context, values);
    const format = parseFormat(values.format ?? endingOf(values.out));
    const target = values.out === undefined ? undefined : path(values.out);
    if (format !== "json" && output.json && target === undefined)
      throw new UsageError(`--json asks for lines of JSON, --format for ${format}`);
    if (format !== "json" && stdout.isTTY && target === undefined)
      throw new UsageError(`${format} is not for a terminal; send it to a file or a program`);
    const encoding = parseEncoding(values);
    const model = path(dir);
    await checkExists(model, "folder");
    if (texts.length === 0 && stdin.isTTY) output.note("Texts, one a line; Ctrl-D ends them.");

    const bars = new ProgressBars(output);
    const layers = parseLayers(values);
    const job = {
      model,
      encoding,
      format,
      ...given({
        layers,
        normalize: values.normalize,
        instruction: values.instruction,
        separator: values.separator,
        dimensions: parseCount("dimensions", values.dimensions),
      }),
      ...(texts.length > 0 && { texts }),
    };
    const embedTo = (vectors: Writable) =>
      compute("embed", job, {
        environment,
        signal,
        ...(texts.length === 0 && { texts: stdin }),
        vectors,
        warn: (message) => {
          bars.end();
          output.warn(message);
        },
        progress({ phase, done, unit }) {
          // Vectors and bars on one terminal would draw over one another.
          if (output.json || (target === undefined && stdout.isTTY)) return;
          bars.show([{ label: phase, text: `${done.toLocaleString("en")} ${unit}` }]);
        },
      });
    try {
      if (target === undefined) await embedTo(stdout);
      else {
        const { texts: count, width } = await makeFile(target, embedTo);
        if (output.json) output.printJson({ path: target, texts: count, dimensions: width });
        else output.note(`${count.toLocaleString("en")} vectors of ${width} numbers written to ${target}`);
      }
    } finally {
      bars.end();
    }
    return exitCode.ok;
  },
});

/** The format that the name of a file says, if it does. */
const endingOf = (file: string | undefined): string | undefined => /\.(npy|f32)$/.exec(file ?? "")?.[1];

function parseFormat(text = "json"): VectorFormat {
  const format = vectorFormats.find((format) => format === text);
  if (format === undefined)
    throw new UsageError(`--format must be one of ${vectorFormats.join(", ")}, not \`${text}\``);
  return format;
}
