import type { Client, Run } from "@espalier/contract";
import type { Context } from "../command.ts";
import { exitCode, exitCodeOfRuns, type ExitCode } from "../exit-code.ts";
import { ProgressBars } from "../terminal/progress-bars.ts";
import { runBars } from "./run-bars.ts";
import { watchRuns } from "./watch-runs.ts";

export interface Watched {
  /** The runs as they ended. */
  runs: Run[];
  code: ExitCode;
}

/** Every run of an experiment, in the order in which it was made. */
export async function runsOf(client: Client, experimentId: string): Promise<Run[]> {
  const runs: Run[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.runs.list({
      experimentId,
      limit: 200,
      ...(cursor === undefined ? {} : { cursor }),
    });
    runs.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return runs.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Shows a run's progress until it ends; undefined when the user detached. */
export const watchRun = (context: Context, client: Client, id: string): Promise<Watched | undefined> =>
  watch(context, `run watch ${id}`, `run cancel ${id}`, {
    load: async () => [await client.runs.get(id)],
    events: (signal) => client.runs.events(id, signal),
  });

/** Shows the progress of all runs of an experiment until they end; undefined when the user detached. */
export const watchExperiment = (context: Context, client: Client, id: string): Promise<Watched | undefined> =>
  watch(context, `experiment show ${id} --watch`, `experiment cancel ${id}`, {
    load: () => runsOf(client, id),
    events: (signal) => client.events(signal),
  });

async function watch(
  { output, signal }: Context,
  again: string,
  cancel: string,
  source: Pick<Parameters<typeof watchRuns>[0], "load" | "events">,
): Promise<Watched | undefined> {
  const bars = new ProgressBars(output);
  let last = "";
  try {
    const runs = await watchRuns({
      ...source,
      signal,
      note: (line) => bars.note(line),
      show(runs) {
        if (!output.json) return bars.show(runBars(runs));
        const text = JSON.stringify(
          runs.map(({ id, state, attempt, progress }) => ({ id, state, attempt, progress })),
        );
        if (text !== last) output.print(text);
        last = text;
      },
    });
    bars.end();
    return { runs, code: exitCodeOfRuns(runs.map(({ state }) => state)) };
  } catch (error) {
    bars.end();
    if (!signal.aborted) throw error;
    output.note(
      `Detached; it goes on. Come back with \`espalier ${again}\`, or end it with \`espalier ${cancel}\`.`,
    );
    return undefined;
  }
}

export const codeOf = (watched: Watched | undefined): ExitCode => watched?.code ?? exitCode.usage;
