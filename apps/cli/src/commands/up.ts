import { once } from "node:events";
import { createClient } from "@espalier/contract";
import { defineCommand, UsageError } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { startStack } from "../stack/stack.ts";
import { parseCount } from "../arguments/settings.ts";

export const up = defineCommand({
  name: "up",
  summary: "start the embedded stack: PostgreSQL, API and one worker on loopback",
  examples: ["espalier up", "espalier up --port 8080 --data ~/espalier-data"],
  help: ["--port N  of the API; default: the last one, or 7070"],
  arity: [0, 0],
  options: { port: { type: "string" } },
  async run({ output, environment, stackFolder, signal }, { port }) {
    const wanted = parseCount("port", port);
    if (wanted !== undefined && (wanted < 1 || wanted > 65_535))
      throw new UsageError(`--port must be from 1 to 65535, not ${wanted}`);
    const stack = await startStack({
      folder: stackFolder,
      port: wanted,
      environment,
      signal,
      say: output.note,
    });
    const { url, key, folder } = stack;
    if (output.json) output.printJson({ url, key, folder });
    else {
      output.print(`Espalier is up at ${url}`);
      output.print(`  key   in ${folder}/key (the command line reads it by itself)`);
      output.print(`  logs  in ${folder}/logs`);
      // It is for information alone, and the stack may be told to stop meanwhile.
      const pool = await createClient({ url, key })
        .pool()
        .catch(() => undefined);
      const connections = pool?.database.connections;
      if (connections)
        output.print(
          `  database connections: ${connections.allowed}, of which API and worker hold ${connections.needed} at most`,
        );
      output.print("Ctrl-C stops it; everything is kept.");
    }
    if (!signal.aborted) await once(signal, "abort");
    output.note("stopping …");
    await stack.stop();
    return exitCode.ok;
  },
});
