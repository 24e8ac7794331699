import { downloadModel, type HubAccess } from "@espalier/model/hub";
import type { HubImportJob, OutcomeOf } from "@espalier/contract/compute";
import type { Computation } from "./computation.ts";
import { importModel } from "./import.ts";

/** Downloads a model of the hub, then checks it like one that was uploaded. */
export async function importFromHub(
  { source, downloads, output, maxFileBytes }: HubImportJob,
  access: HubAccess,
  { signal, report }: Pick<Computation, "signal" | "report">,
): Promise<OutcomeOf<"hub-import">> {
  const { commit } = await downloadModel(source, {
    access,
    folder: downloads,
    output,
    signal,
    limits: { fileBytes: maxFileBytes },
    warn: (line) => report.log("warn", line),
    report: (progress) => report.progress({ ...progress, unit: "bytes" }),
  });
  report.log("info", `${source.hub} was downloaded at commit ${commit}.`);
  return { ...(await importModel({ model: output }, { report })), commit };
}
