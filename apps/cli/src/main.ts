import { keepLoopbackDirect } from "@espalier/process";
import { reportLost, runCli } from "./cli.ts";
import { exitCode } from "./exit-code.ts";

// The service that most commands ask, and the parts of a stack, are on this host.
keepLoopbackDirect(process.env);

const interrupted = new AbortController();
let since = Infinity;
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(name, () => {
    // A second Ctrl-C ends this process at once; the stack's parts then end by themselves. The first one may come twice at the
    // same moment, because npm passes it on.
    if (performance.now() - since > 1000) process.exit(exitCode.usage);
    since = Math.min(since, performance.now());
    interrupted.abort(name);
  });
process.stderr.on("error", () => undefined);
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // A reader that stops reading (`| head`) is no error.
  if (error.code === "EPIPE") process.exit();
  // Whoever reads the output later must not take it for whole.
  process.exit(reportLost(error, process));
});

process.exitCode = await runCli(process.argv.slice(2), {
  environment: process.env,
  // npm runs scripts in the repository; INIT_CWD is the folder that the user's relative paths start from.
  cwd: process.env["INIT_CWD"] ?? process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: interrupted.signal,
});
