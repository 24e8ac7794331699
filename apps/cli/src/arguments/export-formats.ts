import { exportFormats } from "@espalier/contract";

/** What `--format` asks for: `all` means every format, less those that the model cannot be written in. */
export function parseFormats(given: readonly string[] | undefined) {
  const all = given?.includes("all") ?? false;
  return { formats: all ? [...exportFormats] : given, leaveOut: all };
}
