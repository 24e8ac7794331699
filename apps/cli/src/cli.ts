import manifest from "../package.json" with { type: "json" };
import { parseArgs } from "node:util";
import { resolve } from "node:path";
import { isProblem } from "@espalier/contract";
import { commonOptions, UsageError, type Command, type Context } from "./command.ts";
import { commands } from "./commands/index.ts";
import { connect } from "./service/connection.ts";
import { exitCode, exitCodeOf, type ExitCode } from "./exit-code.ts";
import { findCommand, helpOf } from "./find-command.ts";
import { commandHelp } from "./help.ts";
import { renamedOption } from "./arguments/former.ts";
import { localFailure } from "./local-failure.ts";
import { closest, meant } from "./terminal/closest.ts";
import { failureOf, printFailure, type Failure } from "./terminal/failure.ts";
import { createOutput, type Output } from "./terminal/output.ts";

export interface Process {
  environment: NodeJS.ProcessEnv;
  cwd: string;
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  signal: AbortSignal;
}

/** Runs one command line. Never throws: every error becomes a message on stderr and an exit code. */
export async function runCli(args: string[], host: Process): Promise<ExitCode> {
  const { environment, cwd, stdin, stdout, stderr, signal } = host;
  const noColor = Boolean(environment["NO_COLOR"]);
  const command = findCommand(args);
  // For `demo`, --json names a file and the screen stays as it is.
  const json = args.includes("--json") && command?.options["json"]?.type !== "string";
  const output = createOutput({ stdout, stderr, json, noColor });
  try {
    if (!command && (args[0] === "--version" || args[0] === "-V")) {
      output.print(manifest.version);
      return exitCode.ok;
    }
    if (!command) {
      output.print(helpOf(args));
      return args.length === 0 ? exitCode.usage : exitCode.ok;
    }
    const { values, positionals } = parse(command, args.slice(command.name.split(" ").length));
    if (values["help"]) {
      output.print(commandHelp(command));
      return exitCode.ok;
    }
    const text = (name: string) => values[name] as string | undefined;
    const stackFolder = resolve(cwd, text("data") ?? ".espalier");
    const service = { url: text("url"), key: text("key") };
    const context: Context = {
      output,
      cwd,
      stackFolder,
      environment,
      signal,
      stdin,
      stdout,
      service,
      connect: () => connect({ ...service, environment, stackFolder }),
      path: (given) => resolve(cwd, given),
      commands,
    };
    return await command.run(context, values, positionals);
  } catch (error) {
    return report(error, output, signal);
  }
}

/** Says on stderr that the output of a command line cannot be written. */
export function reportLost(error: Error, { argv, stdout, stderr }: NodeJS.Process): ExitCode {
  const output = createOutput({ stdout, stderr, json: argv.includes("--json"), noColor: true });
  return report(Object.assign(error, { path: "the standard output" }), output, new AbortController().signal);
}

/**
 * The values and arguments of a command line.
 * @param args without the words of the command
 * @throws {UsageError}
 */
export function parse(command: Command, args: string[]) {
  const renamed = renamedOption(command.name, args);
  if (renamed !== undefined) throw new UsageError(renamed);
  try {
    const parsed = parseArgs({
      args,
      options: { ...commonOptions, ...command.options },
      allowPositionals: true,
      strict: true,
    });
    const [least, most] = command.arity;
    const count = parsed.positionals.length;
    if (!parsed.values["help"] && (count < least || count > most))
      throw new UsageError(
        count < least
          ? `\`${command.name}\` needs ${command.arguments}`
          : `unexpected argument \`${parsed.positionals[most]}\``,
      );
    return { values: parsed.values as Record<string, unknown>, positionals: parsed.positionals };
  } catch (error) {
    throw error instanceof TypeError ? wrongOption(command, error) : error;
  }
}

/** What `parseArgs` finds wrong, in our words. */
function wrongOption({ name, options }: Command, error: TypeError & { code?: string }): UsageError {
  const [, option] = /^Unknown option '(--?[^']+)'/.exec(error.message) ?? [];
  if (option === undefined) return new UsageError(error.message, { cause: error });
  const known = Object.keys({ ...commonOptions, ...options }).map((each) => `--${each}`);
  return new UsageError(`\`${name}\` has no option ${option}`, {
    cause: error,
    hint: meant(closest(option, known)) ?? `\`espalier ${name} --help\` lists its options`,
  });
}

function report(error: unknown, output: Output, signal: AbortSignal): ExitCode {
  if (signal.aborted) return exitCode.usage;
  let failure: Failure & { exit: ExitCode };
  if (error instanceof UsageError)
    failure = {
      code: "usage",
      message: error.message,
      hint: error.hint ?? "`espalier help` lists the commands",
      exit: exitCode.usage,
    };
  else if (isProblem(error)) failure = { ...failureOf(error), exit: exitCodeOf(error.code) };
  else
    failure = localFailure(error) ?? {
      code: "internal/error",
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
      exit: exitCode.failure,
    };
  const { exit, ...document } = failure;
  printFailure(output, document);
  return exit;
}
