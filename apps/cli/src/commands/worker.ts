import { defineCommand } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { formatBytes } from "../terminal/format.ts";
import { formatTable } from "../terminal/table.ts";

export const workerList = defineCommand({
  name: "worker list",
  summary: "workers of the pool and what their devices do",
  arity: [0, 0],
  options: {},
  async run({ output, connect }) {
    const { items } = await connect().workers.list();
    if (output.json) {
      output.printJson({ items });
      return exitCode.ok;
    }
    const rows = items.flatMap((worker) => worker.devices.map((device) => ({ worker, device })));
    const lines = formatTable(rows, [
      { title: "WORKER", value: ({ worker }) => worker.name },
      { title: "HOST", value: ({ worker }) => worker.host },
      { title: "STATE", value: ({ worker }) => worker.state },
      { title: "DEVICE", value: ({ device }) => `${device.kind} ${device.name}` },
      { title: "ENGINE", value: ({ device }) => device.engine },
      { title: "MEMORY", value: ({ device }) => formatBytes(device.memoryBytes), align: "right" },
      { title: "RUN", value: ({ device }) => device.runId ?? "–" },
      { title: "SEEN", value: ({ worker }) => worker.lastSeenAt.slice(11, 19) },
    ]);
    for (const line of lines) output.print(line);
    return exitCode.ok;
  },
});
