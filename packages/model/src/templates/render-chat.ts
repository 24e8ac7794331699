import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Problem } from "@espalier/contract";

const child = fileURLToPath(new URL("render-chat-child.mjs", import.meta.url));

/** A template that takes more than this is refused. */
const limits = { milliseconds: 5_000, heapMegabytes: 64, outputBytes: 1024 * 1024 };

export interface ChatRendering {
  /** Jinja. */
  readonly template: string;
  /** Named tokens and the like. */
  readonly variables: ReadonlyMap<string, string>;
  /** What the user says, each in a conversation of its own. */
  readonly contents: readonly string[];
}

export function unusable(reason: string): Problem {
  return new Problem("template/unusable", `the model's chat template cannot be used: ${reason}`, {
    file: "chat_template.jinja",
  });
}

/**
 * Renders a chat template as transformers' `apply_chat_template` does, without a generation prompt. Templates are code
 * that came with a model: a process with bounds on its time, memory and output runs them.
 * @throws {Problem} `template/unusable` when it fails, or takes more than it may
 */
export async function renderChat({
  template,
  variables,
  contents,
}: ChatRendering): Promise<readonly string[]> {
  const { milliseconds } = limits;
  const input = JSON.stringify({
    template,
    variables: Object.fromEntries(variables),
    contents,
    milliseconds,
  });
  const output = await run(input);
  const { rendered, error } = JSON.parse(output) as { rendered?: string[]; error?: string };
  if (rendered !== undefined) return rendered;
  const hint = template.includes("strftime_now")
    ? "; it may ask for the date, which would change vectors from day to day"
    : "";
  throw unusable(`${error ?? "it gives nothing"}${hint}`);
}

function run(input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const renderer = spawn(process.execPath, [`--max-old-space-size=${limits.heapMegabytes}`, child], {
      env: {},
      stdio: ["pipe", "pipe", "ignore"],
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    let reason = "it takes too much memory or time";
    renderer.stdout.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes <= limits.outputBytes) return;
      reason = `it renders more than ${limits.outputBytes} bytes`;
      renderer.kill("SIGKILL");
    });
    renderer.on("error", reject);
    // A process that ended early has closed its end; its exit code says so.
    renderer.stdin.on("error", () => undefined);
    renderer.stdin.end(input);
    renderer.on("close", (code) => {
      if (code === 0) resolve(Buffer.concat(chunks).toString("utf8"));
      else reject(unusable(reason));
    });
  });
}
