import { engineOptions, onEngine } from "../arguments/engine.ts";
import { defineCommand, UsageError } from "../command.ts";
import { examineEngine } from "../doctor/engine.ts";
import { exitCode } from "../exit-code.ts";
import type { Finding } from "../doctor/finding.ts";
import { readSettings, shownSettings } from "../doctor/settings.ts";

const marks = { ok: "ok   ", wrong: "WRONG", unknown: "?    " } as const;

export const doctor = defineCommand({
  name: "doctor",
  summary: "find out what is wrong with the service, from this host; for operators",
  examples: ["espalier doctor", "espalier doctor --json", "espalier doctor --engine onnx-cpu"],
  help: [
    "Reads DATABASE_URL, ESPALIER_DATABASE_SESSION_URL, REDIS_URL, ESPALIER_DATA, ESPALIER_SCRATCH as API and workers do,",
    "else the folder of `espalier up`. It changes nothing, needs no API to be up, and exits with 0 only when nothing is wrong.",
    "--engine NAME       instead: whether this engine loads and computes here, in --precision NAME; else what is missing",
  ],
  arity: [0, 0],
  options: engineOptions,
  async run(context, values) {
    const { output, service, environment, stackFolder } = context;
    if (values.precision !== undefined && values.engine === undefined)
      throw new UsageError("--precision needs --engine NAME");
    const settings = readSettings({ ...service, environment, stackFolder });
    // It brings the drivers of PostgreSQL and Redis, which no other command needs.
    const { examine } = await import("../doctor/examine.ts");
    const findings =
      values.engine === undefined ? await examine(settings) : await examineEngine(onEngine(context, values));
    const wrongs = findings.filter(({ state }) => state === "wrong").length;
    if (output.json) output.printJson({ well: wrongs === 0, settings: shownSettings(settings), findings });
    else {
      for (const line of findings.flatMap(lines)) output.print(line);
      output.note(summary(findings, wrongs));
    }
    return wrongs === 0 ? exitCode.ok : exitCode.failure;
  },
});

const lines = ({ check, state, what, action }: Finding): string[] => [
  `${marks[state]} ${check.padEnd(11)}  ${what}`,
  ...(action === undefined ? [] : [`                   → ${action}`]),
];

function summary(findings: readonly Finding[], wrongs: number): string {
  const unseen = [...new Set(findings.filter(({ state }) => state === "unknown").map(({ check }) => check))];
  return [
    wrongs === 0
      ? "Nothing is wrong that could be seen from here."
      : `${wrongs} ${wrongs === 1 ? "thing is" : "things are"} wrong.`,
    ...(unseen.length === 0 ? [] : [`Not looked at in full: ${unseen.join(", ")}.`]),
  ].join(" ");
}
