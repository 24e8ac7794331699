import { Problem } from "@espalier/contract";
import type { HubLimits } from "./access.ts";
import type { AnnouncedFile } from "./repository.ts";

/**
 * Refuses what is larger than any model.
 * @throws {Problem} `request/too-large`
 */
export function checkSizes(files: readonly AnnouncedFile[], limits: HubLimits): void {
  const weights = files.filter(({ name }) => name.endsWith(".safetensors")).length;
  if (weights > limits.weightFiles)
    throw new Problem(
      "request/too-large",
      `The model has ${weights} files of weights; at most ${limits.weightFiles} are accepted.`,
    );
  for (const { name, bytes } of files) {
    const most = name.endsWith(".safetensors") ? limits.fileBytes : limits.smallFileBytes;
    if (bytes <= most) continue;
    throw new Problem("request/too-large", `${name} has ${bytes} bytes; at most ${most} are accepted.`, {
      file: name,
    });
  }
}
