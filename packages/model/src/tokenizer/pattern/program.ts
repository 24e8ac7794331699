import { everyCodePoint, union, type CodePointSet } from "../unicode/code-point-set.ts";
import { CodePointTable } from "../unicode/code-point-table.ts";
import { PatternError, type Edge, type Expression } from "./syntax.ts";

/**
 * Instructions. Each takes four numbers: what to do, and up to three operands.
 * - `match`: the expression ends here
 * - `one SET`: a character of the set
 * - `run SET LEAST MOST`: takes as many characters of the set as possible, and may give them back one by one
 * - `runAll …`: the same without giving any back; `runFew …`: takes as few as possible, and more one by one
 * - `jump TO`; `fork FIRST SECOND`: goes on at FIRST, and at SECOND if that fails
 * - `choose SET NEXT`: where the next character is in the set, goes on here, and at NEXT if that fails; otherwise goes on at NEXT
 * - `atomic NEXT`: matches what follows up to its `match` without going back into it, then goes on at NEXT
 * - `ahead NEXT NEGATIVE`: tests whether what follows matches from here, then goes on at NEXT
 * - `behind SET NEGATIVE`: tests whether the character before is in the set
 * - `edge KIND`
 */
export const op = {
  match: 0,
  one: 1,
  run: 2,
  runAll: 3,
  runFew: 4,
  jump: 5,
  fork: 6,
  choose: 7,
  atomic: 8,
  ahead: 9,
  behind: 10,
  edge: 11,
} as const;

export const edges: readonly Edge[] = [
  "text-start",
  "text-end",
  "before-last-newline",
  "line-start",
  "line-end",
];

/** How many instructions a pattern may have. Patterns of real tokenizers have a few dozen. */
const longest = 5000;
export const unlimited = 0x7fffffff;

export interface Program {
  readonly code: Int32Array;
  readonly table: CodePointTable;
  /** Index of the set of characters that a match can start with; -1 where it can be empty. */
  readonly start: number;
}

/** @throws {PatternError} for a pattern that is too large, or that repeats without limit what may be empty */
export function compile(expression: Expression): Program {
  const code: number[] = [];
  const sets: CodePointSet[] = [];
  const setIndex = new Map<string, number>();

  const set = (points: CodePointSet): number => {
    const key = points.join(" ");
    const known = setIndex.get(key);
    if (known !== undefined) return known;
    if (sets.length === CodePointTable.most)
      throw new PatternError("too many different character classes", 0);
    setIndex.set(key, sets.length);
    return sets.push(points) - 1;
  };
  const emit = (what: number, a = 0, b = 0, c = 0): number => {
    if (code.length >= 4 * longest) throw new PatternError("the pattern is too large", 0);
    code.push(what, a, b, c);
    return code.length / 4 - 1;
  };
  const here = (): number => code.length / 4;

  function repeat(
    item: Expression,
    least: number,
    most: number,
    mode: "greedy" | "lazy" | "possessive",
  ): void {
    if (item.kind === "set") {
      const what = mode === "greedy" ? op.run : mode === "lazy" ? op.runFew : op.runAll;
      emit(what, set(item.set), least, Math.min(most, unlimited));
      return;
    }
    if (mode === "possessive") {
      inside(op.atomic, 0, () => repeat(item, least, most, "greedy"));
      return;
    }
    for (let i = 0; i < least; i++) generate(item);
    const fork = (): number => emit(op.fork, here() + 1);
    const leave = (at: number): void => {
      code[4 * at + 2] = here();
      if (mode === "lazy") [code[4 * at + 1], code[4 * at + 2]] = [code[4 * at + 2]!, code[4 * at + 1]!];
    };
    if (most === Number.POSITIVE_INFINITY) {
      if (startOf(item).nullable)
        throw new PatternError("repeating without limit what may be empty is not supported", 0);
      const at = fork();
      generate(item);
      emit(op.jump, at);
      leave(at);
      return;
    }
    const forks: number[] = [];
    for (let i = least; i < most; i++) {
      forks.push(fork());
      generate(item);
    }
    for (const at of forks) leave(at);
  }

  function inside(what: number, negative: number, body: () => void): void {
    const at = emit(what, 0, negative);
    body();
    emit(op.match);
    code[4 * at + 1] = here();
  }

  function generate(node: Expression): void {
    switch (node.kind) {
      case "set":
        emit(op.one, set(node.set));
        break;
      case "sequence":
        for (const item of node.items) generate(item);
        break;
      case "choice": {
        const ends: number[] = [];
        for (const [i, option] of node.options.entries()) {
          const isLast = i === node.options.length - 1;
          const { first, nullable } = startOf(option);
          const at = isLast ? -1 : nullable ? emit(op.fork, here() + 1) : emit(op.choose, set(first));
          generate(option);
          if (!isLast) ends.push(emit(op.jump));
          if (at >= 0) code[4 * at + 2] = here();
        }
        for (const at of ends) code[4 * at + 1] = here();
        break;
      }
      case "repeat":
        repeat(node.item, node.least, node.most, node.mode);
        break;
      case "atomic":
        inside(op.atomic, 0, () => generate(node.item));
        break;
      case "ahead":
        inside(op.ahead, node.negative ? 1 : 0, () => generate(node.item));
        break;
      case "behind":
        emit(op.behind, set(node.set), node.negative ? 1 : 0);
        break;
      case "edge":
        emit(op.edge, edges.indexOf(node.edge));
        break;
    }
  }

  const { first, nullable } = startOf(expression);
  const start = nullable ? -1 : set(first);
  generate(expression);
  emit(op.match);
  return { code: Int32Array.from(code), table: new CodePointTable(sets), start };
}

interface Start {
  /** Characters that a match may start with; it may contain others, too. */
  readonly first: CodePointSet;
  /** Whether it can match the empty text. */
  readonly nullable: boolean;
}

function startOf(node: Expression): Start {
  switch (node.kind) {
    case "set":
      return { first: node.set, nullable: false };
    case "sequence": {
      const firsts: CodePointSet[] = [];
      for (const item of node.items) {
        const { first, nullable } = startOf(item);
        firsts.push(first);
        if (!nullable) return { first: union(...firsts), nullable: false };
      }
      return { first: everyCodePoint, nullable: true };
    }
    case "choice": {
      const starts = node.options.map(startOf);
      return {
        first: union(...starts.map(({ first }) => first)),
        nullable: starts.some(({ nullable }) => nullable),
      };
    }
    case "repeat": {
      const { first, nullable } = startOf(node.item);
      return { first, nullable: nullable || node.least === 0 };
    }
    case "atomic":
      return startOf(node.item);
    case "ahead":
    case "behind":
    case "edge":
      return { first: [], nullable: true };
  }
}
