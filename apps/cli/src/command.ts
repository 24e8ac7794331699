import type { ParseArgsConfig, parseArgs } from "node:util";
import type { Client } from "@espalier/contract";
import type { ExitCode } from "./exit-code.ts";
import type { Output } from "./terminal/output.ts";

/** What every command gets. */
export interface Context {
  output: Output;
  /** Folder that relative paths start from. */
  cwd: string;
  /** Folder of the embedded stack: `--data`, or `.espalier`. */
  stackFolder: string;
  environment: NodeJS.ProcessEnv;
  /** Aborted by the first Ctrl-C or SIGTERM. */
  signal: AbortSignal;
  stdin: NodeJS.ReadStream;
  /** For data that are no lines. */
  stdout: NodeJS.WriteStream;
  /** Client of the service that flags, environment or the stack's folder name. */
  connect: () => Client;
  /** What flags say of the service. */
  service: { url: string | undefined; key: string | undefined };
  path: (given: string) => string;
  /** All there are. */
  commands: readonly Command[];
}

type Options = NonNullable<ParseArgsConfig["options"]>;
type Values<O extends Options> = ReturnType<
  typeof parseArgs<{ options: O; allowPositionals: true; strict: true }>
>["values"];

export interface Command {
  /** Words after `espalier`, such as `model import`. */
  name: string;
  /** Positional arguments as help shows them, such as `DIR`. */
  arguments?: string;
  summary: string;
  /** Lines of help about each option, in order. */
  help?: readonly string[];
  /** Command lines that work as they stand, where there are such models and data. */
  examples?: readonly string[];
  /** Least and greatest number of positional arguments. */
  arity: readonly [number, number];
  options: Options;
  run(context: Context, values: Record<string, unknown>, positionals: string[]): Promise<ExitCode>;
}

/** Options that every command accepts. */
export const commonOptions = {
  url: { type: "string" },
  key: { type: "string" },
  data: { type: "string" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const satisfies Options;

/** Ties the types of `run`'s values to the options. */
export function defineCommand<const O extends Options>(
  command: Omit<Command, "options" | "run"> & {
    options: O;
    run(context: Context, values: Values<O>, positionals: string[]): Promise<ExitCode>;
  },
): Command {
  return command;
}

/** The command line is wrong; the message says how. */
export class UsageError extends Error {
  override name = "UsageError";
  /** What to do about it, where that is more than to read the help. */
  readonly hint: string | undefined;

  constructor(message: string, { hint, cause }: { hint?: string | undefined; cause?: unknown } = {}) {
    super(message, { cause });
    this.hint = hint;
  }
}
