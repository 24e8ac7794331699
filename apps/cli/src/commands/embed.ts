import { vectorFormats, type VectorFormat } from "@espalier/contract/compute";
import { defineCommand, UsageError } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { compute } from "../offline/compute.ts";
import { parseLayers } from "../arguments/layers.ts";
import { encodingHelp, encodingOptions, parseEncoding } from "../arguments/encoding.ts";
import { checkExists } from "../offline/existing.ts";
import { ProgressBars } from "../terminal/progress-bars.ts";
import { given } from "../arguments/settings.ts";

export const embed = defineCommand({
  name: "embed",
  arguments: "DIR [TEXT …]",
  summary: "vectors of texts by a model folder, without a server",
  help: [
    ...encodingHelp,
    "--layers N          run only the first N; 30% drops this share of them from the top",
    "--instruction TEXT  told to the model before each text, and not pooled",
    "--normalize         scale every vector to length 1, as it is by default where modules.json says so",
    "--format F          json: an array a line (default); npy: one NumPy array; f32: raw little-endian rows",
    "DIR is a Hugging Face folder, with an adapter or without. Without TEXT, lines of stdin, none of them empty.",
  ],
  arity: [1, Infinity],
  options: {
    ...encodingOptions,
    layers: { type: "string" },
    instruction: { type: "string" },
    normalize: { type: "boolean" },
    format: { type: "string" },
  },
  async run({ environment, output, path, signal, stdin, stdout }, values, [dir = "", ...texts]) {
    const format = parseFormat(values.format);
    if (format !== "json" && output.json)
      throw new UsageError(`--json asks for lines of JSON, --format for ${format}`);
    if (format !== "json" && stdout.isTTY)
      throw new UsageError(`${format} is not for a terminal; send it to a file or a program`);
    const encoding = parseEncoding(values);
    const model = path(dir);
    await checkExists(model, "folder");
    if (texts.length === 0 && stdin.isTTY) output.note("Texts, one a line; Ctrl-D ends them.");

    const bars = new ProgressBars(output);
    const layers = values.layers === undefined ? undefined : parseLayers(values.layers);
    const job = {
      model,
      encoding,
      format,
      ...given({ layers, normalize: values.normalize, instruction: values.instruction }),
      ...(texts.length > 0 && { texts }),
    };
    try {
      await compute("embed", job, {
        environment,
        signal,
        ...(texts.length === 0 && { texts: stdin }),
        vectors: stdout,
        warn: (message) => {
          bars.end();
          output.warn(message);
        },
        progress({ phase, done, unit }) {
          // Vectors and bars on one terminal would draw over one another.
          if (output.json || stdout.isTTY) return;
          bars.show([{ label: phase, text: `${done.toLocaleString("en")} ${unit}` }]);
        },
      });
    } finally {
      bars.end();
    }
    return exitCode.ok;
  },
});

function parseFormat(text = "json"): VectorFormat {
  const format = vectorFormats.find((format) => format === text);
  if (format === undefined)
    throw new UsageError(`--format must be one of ${vectorFormats.join(", ")}, not \`${text}\``);
  return format;
}
