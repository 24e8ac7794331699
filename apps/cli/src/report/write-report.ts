import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { htmlReport } from "./html.ts";
import { markdownReport } from "./markdown.ts";
import type { ReportData } from "./report-data.ts";

/** Writes a report into a folder, which is made where it is missing; returns the names of its files. */
export async function writeReport(folder: string, data: ReportData): Promise<string[]> {
  const files = {
    "report.md": markdownReport(data),
    "report.html": htmlReport(data),
    "report.json": `${JSON.stringify(data, null, 2)}\n`,
  };
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return Object.keys(files);
}
