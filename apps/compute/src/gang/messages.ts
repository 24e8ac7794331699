import { isProblem, Problem, type ProblemCode, type ProblemFacts } from "@espalier/contract";
import type { EngineOptions } from "@espalier/engine";
import { OutOfMemory, type Tensor, type WeightSource } from "@espalier/tensor";
import type { GraphList } from "./graph-list.ts";

/** What a process is started with: its engine on its device. */
export interface DeviceEngine {
  readonly engine: string;
  readonly options: EngineOptions;
}

export type Tensors = Readonly<Record<string, Tensor>>;

/** What it is asked; `executable` numbers what it has opened. */
export type Request =
  | {
      readonly type: "open";
      readonly executable: number;
      readonly graph: GraphList;
      readonly weights: ReadonlyMap<string, WeightSource>;
    }
  | { readonly type: "run"; readonly executable: number; readonly feeds: Tensors }
  | { readonly type: "close"; readonly executable: number };

export type Answer = ({ readonly results: Tensors } | { readonly failure: Failure }) & {
  /** Most memory that its process has had, in bytes. */
  readonly peak: number;
};

/** An error as a message holds it, so that it is of the same class on the other side. */
interface Failure {
  readonly kind: "problem" | "memory" | "type" | "other";
  readonly message: string;
  readonly code?: ProblemCode;
  readonly facts?: ProblemFacts;
}

export function failureOf(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  if (isProblem(error)) return { kind: "problem", message, code: error.code, facts: error.facts };
  if (error instanceof OutOfMemory) return { kind: "memory", message };
  return { kind: error instanceof TypeError ? "type" : "other", message };
}

export function errorOf({ kind, message, code, facts }: Failure): Error {
  if (kind === "problem") return new Problem(code!, message, facts);
  if (kind === "memory") return new OutOfMemory(message);
  return kind === "type" ? new TypeError(message) : new Error(message);
}
