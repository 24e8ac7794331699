import { Type, type Static } from "typebox";
import { Compile, type Validator } from "typebox/compile";
import { ProblemDocument } from "../problem.ts";
import { LogLevel } from "../runs/metric.ts";
import { Progress } from "../runs/run.ts";
import { Job } from "./job.ts";
import { Outcome } from "./outcome.ts";

/*
 * What a supervisor (a worker, or the command line) and its compute process say to one another: one JSON document a line.
 * The supervisor writes to the process's standard input; the process answers on a file descriptor of its own, so that nothing
 * a library prints can be taken for a message. The process knows no database and no store, and of secrets only the hub token
 * of the import that it makes.
 */
export const messageDescriptor = 3;

/** Texts and vectors of an `embed` job have descriptors to themselves, as they may be without end. */
export const textsDescriptor = 4;
export const vectorsDescriptor = 5;

/**
 * Where the supervisor says until when the process may go on, if it works under a lease: numbers in lines, milliseconds of the
 * host's monotonic clock. It is no instruction on standard input, because the process's main thread may be busy computing.
 */
export const deadlineDescriptor = 6;

/** How to reach a hub. It comes beside the job and is no part of it: a token and a proxy's password must not be logged. */
const HubAccess = Type.Object({
  endpoint: Type.String(),
  origins: Type.Optional(Type.Array(Type.String())),
  proxy: Type.Optional(Type.Object({ http: Type.String(), https: Type.String(), no: Type.String() })),
  token: Type.Optional(Type.String()),
});
export type HubAccess = Static<typeof HubAccess>;

/** What a supervisor sends. `stop`: save what can be resumed from and end. */
const Instruction = Type.Union([
  Type.Object({ type: Type.Literal("start"), job: Job, hub: Type.Optional(HubAccess) }),
  Type.Object({ type: Type.Literal("stop") }),
]);
export type Instruction = Static<typeof Instruction>;

/** A refusal by its code (errno(3)) and the path that was asked for, where the system says it. */
const SystemRefusal = Type.Object({ code: Type.String(), path: Type.Optional(Type.String()) });
export type SystemRefusal = Static<typeof SystemRefusal>;

/** What a compute process sends. The last message is `done`, `stopped` or `failed`. */
const Message = Type.Union([
  Type.Object({ type: Type.Literal("progress"), progress: Progress }),
  Type.Object({
    type: Type.Literal("metrics"),
    points: Type.Array(
      Type.Object({
        name: Type.String(),
        step: Type.Integer({ minimum: 0 }),
        value: Type.Union([Type.Number(), Type.Null()], { description: "null: not finite" }),
      }),
    ),
  }),
  Type.Object({ type: Type.Literal("log"), level: LogLevel, message: Type.String() }),
  Type.Object({
    type: Type.Literal("checkpoint"),
    step: Type.Integer({ minimum: 0 }),
    path: Type.String(),
    seconds: Type.Number({ minimum: 0, description: "that it took to write" }),
  }),
  Type.Object({ type: Type.Literal("done"), outcome: Outcome }),
  Type.Object({ type: Type.Literal("stopped") }),
  Type.Object({
    type: Type.Literal("failed"),
    problem: ProblemDocument,
    /** What the system of its host has refused, where that was the cause. */
    refused: Type.Optional(SystemRefusal),
  }),
]);
export type Message = Static<typeof Message>;

// Compiled on first use: each side needs one of them, and most commands of the command line need neither.
let instructions: Validator<{}, typeof Instruction> | undefined;
let messages: Validator<{}, typeof Message> | undefined;

/** @throws {TypeError} for a line that is not an instruction */
export const parseInstruction = (line: string): Instruction =>
  (instructions ??= Compile(Instruction)).Parse(JSON.parse(line));

/** @throws {TypeError} for a line that is not a message */
export const parseMessage = (line: string): Message =>
  (messages ??= Compile(Message)).Parse(JSON.parse(line));

export const formatLine = (document: { readonly type: string }): string => `${JSON.stringify(document)}\n`;
