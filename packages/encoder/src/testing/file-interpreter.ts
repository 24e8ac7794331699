import { open } from "node:fs/promises";
import { interpreter, type Engine } from "@espalier/tensor";

/** The reference engine, reading weights from files. */
export const fileInterpreter = (): Engine =>
  interpreter(async (file, offset, bytes) => {
    const handle = await open(file, "r");
    try {
      const buffer = new Uint8Array(bytes);
      await handle.read(buffer, 0, bytes, offset);
      return buffer;
    } finally {
      await handle.close();
    }
  });
