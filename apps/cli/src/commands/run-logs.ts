import { isTerminal, type LogLevel, type LogLine } from "@espalier/contract";
import { given, parseCount } from "../arguments/settings.ts";
import { defineCommand, UsageError, type Context } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { pageOf } from "../service/page.ts";
import { runId } from "../service/run-argument.ts";

/** Lines that the service gives at once. */
const most = 200;

interface Wanted {
  level?: LogLevel;
  q?: string;
  attempt?: number;
}

export const runLogs = defineCommand({
  name: "run logs",
  arguments: "RUN",
  summary: "what the attempts of a run wrote",
  examples: [
    "espalier run logs RUN",
    "espalier run logs RUN --tail 50 --level warn",
    "espalier run logs RUN --search checkpoint --attempt 1",
  ],
  help: [
    "--follow, -f   go on until the run ends",
    "--tail N       only the last N lines, and with --follow those that come",
    "--level LEVEL  lines of this level and graver ones: debug, info, warn, error",
    "--search TEXT  only lines with this text, in whatever case",
    "--attempt N    only what this attempt wrote",
  ],
  arity: [1, 1],
  options: {
    follow: { type: "boolean", short: "f" },
    tail: { type: "string" },
    level: { type: "string" },
    search: { type: "string" },
    attempt: { type: "string" },
  },
  async run(context, { follow = false, tail, level, search, attempt }, [run = ""]) {
    const { output, connect, signal } = context;
    const client = connect();
    const last = parseCount("tail", tail);
    if (last !== undefined && last < 1) throw new UsageError("--tail must be 1 or more");
    // The service checks them, and names the levels that there are.
    const wanted: Wanted = given({
      level: level as LogLevel | undefined,
      q: search,
      attempt: parseCount("attempt", attempt),
    });
    const id = await runId(client, run);
    let ended = !follow || isTerminal((await client.runs.get(id)).state);
    let cursor: string | undefined;
    if (last !== undefined) {
      const found = await lastLines(context, id, { last, wanted });
      for (const line of found.lines) print(output, line);
      cursor = found.cursor;
      if (ended) return exitCode.ok;
    }
    for (;;) {
      let page;
      do {
        page = await client.runs.logs(id, { ...wanted, ...pageOf(String(most), cursor) });
        for (const line of page.items) print(output, line);
        cursor = page.cursor ?? cursor;
      } while (page.cursor !== undefined && page.items.length > 0);
      if (ended || signal.aborted) return exitCode.ok;
      await new Promise((resolve) => setTimeout(resolve, 1000));
      // Asked before the next page: lines that come after the end are in the page after it.
      ended = isTerminal((await client.runs.get(id)).state);
    }
  },
});

/** The last lines, oldest first, and from where on others may follow. */
async function lastLines(
  { connect }: Context,
  id: string,
  { last, wanted }: { last: number; wanted: Wanted },
): Promise<{ lines: LogLine[]; cursor: string | undefined }> {
  const client = connect();
  let page = await client.runs.logs(id, { ...wanted, tail: true, limit: Math.min(last, most) });
  const { cursor } = page;
  let lines = page.items;
  while (page.earlier !== undefined && lines.length < last) {
    const limit = Math.min(last - lines.length, most);
    page = await client.runs.logs(id, { ...wanted, before: page.earlier, limit });
    lines = [...page.items, ...lines];
  }
  return { lines, cursor };
}

function print(
  { json, printJson, print }: Context["output"],
  { at, attempt, level, message }: LogLine,
): void {
  if (json) printJson({ attempt, at, level, message });
  else print(`${at.slice(11, 23)} a${attempt} ${level.padEnd(5)} ${message}`);
}
