import { cpus } from "node:os";
import type { Job } from "@espalier/contract/compute";
import { isEngineName, precisionOf } from "@espalier/engine";

/** What a result says of what computed it. */
export const computedOn = ({ engine, precision, deviceNames }: Job) =>
  isEngineName(engine)
    ? {
        computedOn: {
          engine,
          precision: precisionOf(engine, precision),
          devices: deviceNames ?? [cpus()[0]?.model.trim() || process.arch],
        },
      }
    : {};
