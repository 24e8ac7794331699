// Runs the module named by the first argument, and ends with the process that started it.
// A host instead of a preload: processes that the module forks would inherit a preload, and their stdin is something else.
import { pathToFileURL } from "node:url";
import { onParentGone } from "@espalier/process/lifeline";
import { graceSeconds } from "../grace.ts";

const [entry] = process.argv.splice(2, 1);
if (entry === undefined) throw new Error("usage: app-host MODULE [ARGUMENTS]");

onParentGone(() => {
  setTimeout(() => process.kill(process.pid, "SIGKILL"), graceSeconds * 1000).unref();
  process.kill(process.pid, "SIGTERM");
});
await import(pathToFileURL(entry).href);
