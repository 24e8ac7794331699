import { Problem, type Client, type PlanRequest } from "@espalier/contract";
import type { Context } from "../command.ts";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { planLines } from "../tables/plan-table.ts";
import { askYesNo } from "../terminal/ask.ts";

/** Options of commands that submit. */
export const planOptions = {
  "dry-run": { type: "boolean" },
  yes: { type: "boolean", short: "y" },
} as const;

export const planHelp = [
  "--dry-run            what would run, on how much memory, when and for how long; submits nothing",
  "--yes                on a terminal, submit without showing that and asking",
] as const;

interface Values {
  "dry-run"?: boolean | undefined;
  yes?: boolean | undefined;
}

/**
 * Before a submission: on a terminal the plan is shown and a person is asked; elsewhere what was asked for is done, so that
 * scripts need no more than they did. With `--dry-run` the plan is all there is.
 * @returns with what the command is to end, if nothing is to be submitted
 */
export async function planFirst(
  context: Context,
  client: Client,
  request: PlanRequest,
  { "dry-run": dryRun = false, yes = false }: Values,
): Promise<ExitCode | undefined> {
  const { output, stdin, stdout } = context;
  const asks = !yes && !output.json && stdin.isTTY && stdout.isTTY;
  if (!dryRun && !asks) return undefined;
  const plan = await client.plan(request).catch((error: unknown) => {
    // A service of an older version makes no plans, and takes submissions as ever.
    if (!dryRun && error instanceof Problem && error.code === "resource/not-found") return undefined;
    throw error;
  });
  if (plan === undefined) return undefined;
  if (output.json) output.printJson(plan);
  else for (const line of planLines(plan, output.columns())) output.print(line);
  if (dryRun) return exitCode.ok;
  return (await askYesNo("Submit?", context, true)) ? undefined : exitCode.usage;
}
