import { runCli } from "./cli.ts";
import { exitCode } from "./exit-code.ts";

const interrupted = new AbortController();
let since = Infinity;
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(name, () => {
    // Asked again: the stack's parts end by themselves. npm hands on a Ctrl-C that came here too, at the same moment.
    if (performance.now() - since > 1000) process.exit(exitCode.usage);
    since = Math.min(since, performance.now());
    interrupted.abort(name);
  });
// A reader that stops reading (`| head`) is no error.
process.stdout.on("error", () => process.exit());

process.exitCode = await runCli(process.argv.slice(2), {
  environment: process.env,
  // npm runs scripts in the repository; paths are meant from where the user stands.
  cwd: process.env["INIT_CWD"] ?? process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: interrupted.signal,
});
