import { parentPort } from "node:worker_threads";
import { whatIf } from "../what-if.ts";
import type { Answered, Question } from "./thread.ts";

parentPort!.on("message", ({ id, snapshot, asked, teamId }: Question) => {
  let answered: Answered;
  try {
    answered = { id, plan: whatIf(snapshot, asked, teamId) };
  } catch (error) {
    answered = { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  parentPort!.postMessage(answered);
});
