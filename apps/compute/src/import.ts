import { loadTokenizer } from "@espalier/model/tokenizer";
import { architectureOf, refuseNonFinite } from "@espalier/model";
import type { OutcomeOf } from "@espalier/contract/compute";
import type { Computation } from "./computation.ts";
import { openChecked } from "./open.ts";

/** Checks a model folder that nothing has checked yet: headers, config, tokenizer, and every weight for NaN and infinity. */
export async function importModel(
  { model }: { model: string },
  { report }: Pick<Computation, "report">,
): Promise<OutcomeOf<"import">> {
  report.progress({ phase: "check", done: 0, total: 2, unit: "checks" });
  const { checkpoint, told } = await openChecked(model, report);
  try {
    await loadTokenizer(model);
    report.progress({ phase: "check", done: 1, total: 2, unit: "checks" });
    await refuseNonFinite(checkpoint);
    report.progress({ phase: "check", done: 2, total: 2, unit: "checks" });
    return { kind: "import", architecture: architectureOf(checkpoint), ...told };
  } finally {
    await checkpoint.close();
  }
}
