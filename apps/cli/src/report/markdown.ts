import type { ReportData } from "./report-data.ts";
import {
  allShared,
  comparedCells,
  costCells,
  datasetCells,
  experimentFile,
  flags,
  isOfSeveral,
  judged,
  manifestCells,
  method,
  nothingCompared,
  origin,
  variantCells,
  type Cells,
} from "./words.ts";

/** The report as Markdown; its figures are in the HTML page beside it. */
export function markdownReport(data: ReportData): string {
  const { name, names, spec, searches, comparison } = data;
  const [flagged, gate] = [flags(data), judged(data)];
  const named = (each: string) => names[each] ?? each;
  return [
    `# ${escape(name)}`,
    `${origin(data)} Model ${escape(named(spec.modelId))}, trained on ${escape(named(spec.triplets))}, measured on ${spec.evaluation.map((each) => escape(named(each))).join(", ")}. The figures are in [report.html](report.html), all numbers in [report.json](report.json).`,
    "## Variants",
    table(variantCells(data.variants)),
    "## Against the baseline",
    ...(comparison.variants.length > 0 ? [table(comparedCells(comparison.variants))] : [nothingCompared]),
    ...(isOfSeveral(data) ? [table(datasetCells(comparison.variants))] : []),
    method(data),
    ...comparison.left.map(
      (left) => `${escape(left.name)}, ${left.stage} training, is left out: ${left.why}`,
    ),
    ...(flagged.length > 0 ? ["## Not comparable in all", list(flagged)] : [allShared]),
    ...(gate.length > 0 ? [`## Promotion when ${escape(spec.promote!)}`, list(gate)] : []),
    ...searches.flatMap(({ name: search, result }) => [
      `## Depths that ${escape(search)} picked`,
      `small ${result.small ?? "none"}, large ${result.large ?? "none"}, over ${result.samples} samples at scale ${result.scale} and seed ${result.seed}.`,
      ...(result.warnings.length > 0 ? [list(result.warnings)] : []),
    ]),
    "## Cost",
    table(costCells(data)),
    "## How to repeat",
    "Import the model and add the datasets under their names, then",
    `\`\`\`sh\nespalier experiment submit --spec ${fileOf(name)}.yaml --watch\nespalier experiment report ${fileOf(name)} --out report\n\`\`\``,
    `with this file; what is there already is not computed again.`,
    `\`\`\`yaml\n${experimentFile(data)}\`\`\``,
    "## Manifest",
    table(manifestCells(data)),
    "Settings with every default, versions and whole checksums are in report.json, under `runs`.",
  ]
    .join("\n\n")
    .concat("\n");
}

/** A name as a file may be called and a shell takes it. */
const fileOf = (name: string): string => name.replaceAll(/[^\p{L}\p{N}._-]/gu, "-");

const list = (sentences: readonly string[]): string =>
  sentences.map((each) => `- ${escape(each)}`).join("\n");

function table([titles = [], ...rows]: Cells): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escape).join(" | ")} |`;
  return [line(titles), `|${titles.map(() => "---|").join("")}`, ...rows.map(line)].join("\n");
}

/** Names are people's, and must not become markup. */
const escape = (text: string): string => text.replaceAll(/[\\`*_[\]<>|#]/g, "\\$&").replaceAll("\n", " ");
