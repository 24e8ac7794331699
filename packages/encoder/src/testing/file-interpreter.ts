import { openFile } from "@espalier/model";
import { interpreter, type Engine } from "@espalier/tensor";

/** The reference engine, reading weights from files. */
export const fileInterpreter = (): Engine =>
  interpreter(async (file, offset, bytes) => {
    const reader = await openFile(file);
    try {
      return await reader.read(offset, bytes);
    } finally {
      await reader.close();
    }
  });
