import { availableParallelism } from "node:os";
import type { EngineOptions } from "@espalier/engine";
import type { Engine, Executable } from "@espalier/tensor";
import { DeviceProcess } from "./device-process.ts";
import { listOf } from "./graph-list.ts";

/** Runs that wait for a device while each has one, so that none is idle until the next comes. */
const perDevice = 2;

/**
 * Several devices as one engine. Each opens every graph, with weights of its own, and each run goes to the one that has least to do. The
 * same feeds give the same results on equal devices, so that what is added up in a fixed order does not depend on who computed what.
 */
export function gangEngine(name: string, devices: readonly DeviceProcess[]): Engine {
  let opened = 0;
  return {
    name,
    async open(outputs, weights = new Map()): Promise<Executable> {
      const executable = opened++;
      const graph = listOf(outputs);
      const everywhere = async (request: Parameters<DeviceProcess["ask"]>[0]) => {
        const asked = await Promise.allSettled(devices.map((device) => device.ask(request)));
        for (const each of asked) if (each.status === "rejected") throw each.reason;
      };
      await everywhere({ type: "open", executable, graph, weights });
      let closed = false;
      return {
        atOnce: perDevice * devices.length,
        run(feeds) {
          if (closed) return Promise.reject(new Error("this executable is closed"));
          const least = devices.reduce((best, device) => (device.load < best.load ? device : best));
          return least.ask({ type: "run", executable, feeds });
        },
        async close() {
          if (closed) return;
          closed = true;
          await everywhere({ type: "close", executable });
        },
      };
    },
  };
}

/** An engine on devices by their addresses. Those on the processor share its cores, unless they are told how many threads to use. */
export function openGang(
  engine: string,
  addresses: readonly string[],
  { threads, ...options }: Omit<EngineOptions, "device"> = {},
): Engine {
  const onProcessor = addresses.filter((address) => address.startsWith("cpu")).length;
  const share = Math.max(1, Math.floor(availableParallelism() / onProcessor));
  const each = threads ?? (onProcessor > 0 ? share : undefined);
  const devices = addresses.map(
    (device) =>
      new DeviceProcess({
        engine,
        options: { ...options, device, ...(each !== undefined && { threads: each }) },
      }),
  );
  return gangEngine(engine, devices);
}
