import { curve, deltas, pareto } from "./figures.ts";
import type { ReportData } from "./report-data.ts";
import { escaped } from "./svg.ts";
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

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f23;background:#fff}
table{border-collapse:collapse;display:block;overflow-x:auto;font-size:14px}th,td{text-align:left;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #d8dee4}
figure{margin:1.5rem 0}svg{width:100%;max-width:40rem;font:12px system-ui,sans-serif;fill:#1b1f23}figcaption{font-size:14px;color:#57606a}
.axis{stroke:#57606a}.grid{stroke:#eaeef2}.chance{stroke:#9a6700;stroke-dasharray:4 4}.curve{fill:none;stroke:#1a7f37;stroke-width:2}
.dot{fill:#1a7f37}.beaten{fill:#8c959f}.whisker{stroke:#1a7f37;stroke-width:3}.band{fill:#dafbe1}pre{overflow-x:auto;background:#f6f8fa;padding:1rem}
@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}svg{fill:#e6edf3}th,td{border-color:#30363d}.grid{stroke:#21262d}pre{background:#161b22}
.curve,.whisker{stroke:#3fb950}.dot{fill:#3fb950}.band{fill:#12261e}figcaption{color:#9198a1}}`;

/** The report as one page, with figures, that loads nothing and runs nothing. */
export function htmlReport(data: ReportData): string {
  const { name, variants, comparison, searches } = data;
  const [flagged, gate] = [flags(data), judged(data)];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(name)}</title><style>${style}</style></head><body>
<h1>${escaped(name)}</h1>
<p>${origin(data)}</p>
<h2>Variants</h2>
${table(variantCells(variants))}
${drawn(pareto(variants, "size"), "Quality against size. No variant below the line is worth its size.")}
${drawn(pareto(variants, "latency"), "Quality against the time that embedding takes, as it was measured before training.")}
<h2>Against the baseline</h2>
${drawn(deltas(comparison.variants, comparison.margin), `Differences to ${comparison.baseline} with 95 % intervals.`)}
${comparison.variants.length > 0 ? table(comparedCells(comparison.variants)) : `<p>${nothingCompared}</p>`}
${isOfSeveral(data) ? table(datasetCells(comparison.variants)) : ""}
<p>${escaped(method(data))}</p>
${comparison.left.map((left) => `<p>${escaped(left.name)}, ${left.stage} training, is left out: ${escaped(left.why)}</p>`).join("\n")}
${flagged.length > 0 ? `<h2>Not comparable in all</h2>\n${list(flagged)}` : `<p>${allShared}</p>`}
${gate.length > 0 ? `<h2>Promotion when ${escaped(data.spec.promote!)}</h2>\n${list(gate)}` : ""}
${searches.map(({ name: search, result }) => `<h2>Depths that ${escaped(search)} picked</h2>\n${drawn(curve(result), `Over ${result.samples} samples at scale ${result.scale} and seed ${result.seed}.`)}${list(result.warnings)}`).join("\n")}
<h2>Cost</h2>
${table(costCells(data))}
<h2>How to repeat</h2>
<p>Import the model and add the datasets under their names; submit this file with <code>espalier experiment submit --spec</code>. What is there already is not computed again.</p>
<pre>${escaped(experimentFile(data))}</pre>
<h2>Manifest</h2>
${table(manifestCells(data))}
</body></html>
`;
}

const drawn = (figure: string | undefined, caption: string): string =>
  figure === undefined ? "" : `<figure>${figure}<figcaption>${escaped(caption)}</figcaption></figure>`;

const list = (sentences: readonly string[]): string =>
  sentences.length === 0 ? "" : `<ul>${sentences.map((each) => `<li>${escaped(each)}</li>`).join("")}</ul>`;

function table([titles = [], ...rows]: Cells): string {
  const cells = (tag: "th" | "td", texts: readonly string[]) =>
    `<tr>${texts.map((text) => `<${tag}>${escaped(text)}</${tag}>`).join("")}</tr>`;
  return `<table>${cells("th", titles)}${rows.map((row) => cells("td", row)).join("")}</table>`;
}
