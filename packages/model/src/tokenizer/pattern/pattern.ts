/*
 * Why this is our own. Ids are right only where matches are equal to those of the `tokenizers` library, and a tokenizer's
 * file may come from anybody, so that the time of a match needs a bound. `vscode-oniguruma` 2.0.1 has neither: its Unicode
 * is 14 and the library's is 16 (9,272 code points differ in `\p{L}`, and DeepSeek's pattern splits 51 of 2,620 golden
 * strings otherwise), it says "no match" where the engine gives up, `\s*x|\s` takes 14 s on 40,000 spaces (here it is
 * refused after 0.2 s), and it is 2 to 9 times slower. `RegExp` compiles 92 of the 600 golden patterns, gives other results
 * for 6 of those, and needs 26 s for `(?:a+)+b` on 28 letters. All numbers: docs/decisions/tokenizer-patterns.md.
 */
import { edges, op, unlimited, compile, type Program } from "./program.ts";
import { parsePattern } from "./parse.ts";

/** The steps that matching may take for each character of a text. Ordinary patterns take a few. */
const stepsPerCharacter = 100;
const leastSteps = 1_000_000;

/** Thrown where a pattern would take too long on a text. */
export class TooManySteps extends Error {
  override name = "TooManySteps";
}

/** A backtracking matcher of Oniguruma's patterns whose work is bounded. */
export class Pattern {
  readonly #program: Program;
  /** Places to go back to: instruction, position, and the lowest position of a run that gives characters back, or -1. */
  #stack = new Int32Array(3 * 64);
  #steps = 0;
  #limit = 0;

  /** @throws {PatternError} */
  constructor(pattern: string) {
    this.#program = compile(parsePattern(pattern));
  }

  /** Whether it can match the empty text. */
  get mayBeEmpty(): boolean {
    return this.#program.start < 0;
  }

  /**
   * Every match from left to right as start, end, start, end …; an empty match directly behind another match is left
   * out, as in Oniguruma's binding for Rust.
   * @throws {TooManySteps}
   */
  matches(text: string): number[] {
    const found: number[] = [];
    const { start, table } = this.#program;
    this.#steps = 0;
    this.#limit = leastSteps + stepsPerCharacter * text.length;
    let at = 0;
    let lastEnd = -1;
    while (at <= text.length) {
      if (start >= 0) {
        while (at < text.length && ((table.of(text.codePointAt(at)!) >>> start) & 1) === 0)
          at += widthAt(text, at);
        if (at >= text.length) break;
      }
      const end = this.#run(text, 0, at, 0);
      if (end < 0 || (end === at && end === lastEnd)) {
        at += Math.max(1, widthAt(text, at));
        continue;
      }
      found.push(at, end);
      lastEnd = end;
      at = end;
    }
    return found;
  }

  /** Where the match of the instructions from `pc` on that starts at `from` ends, or -1. */
  #run(text: string, pc: number, from: number, base: number): number {
    const { code, table } = this.#program;
    const { length } = text;
    let top = base;
    let at = from;
    for (;;) {
      if (++this.#steps > this.#limit) throw new TooManySteps();
      const i = 4 * pc;
      let matched = true;
      switch (code[i]) {
        case op.match:
          return at;
        case op.one:
          matched = at < length && ((table.of(text.codePointAt(at)!) >>> code[i + 1]!) & 1) === 1;
          if (matched) at += widthAt(text, at);
          pc++;
          break;
        case op.run:
        case op.runAll: {
          const most = code[i + 3]!;
          let count = 0;
          let low = at;
          while (
            at < length &&
            count < most &&
            ((table.of(text.codePointAt(at)!) >>> code[i + 1]!) & 1) === 1
          ) {
            at += widthAt(text, at);
            if (++count === code[i + 2]) low = at;
          }
          this.#steps += count >> 2;
          matched = count >= code[i + 2]!;
          pc++;
          if (matched && at > low && code[i] === op.run) top = this.#push(top, pc, at, low);
          break;
        }
        case op.runFew: {
          let count = 0;
          while (
            at < length &&
            count < code[i + 2]! &&
            ((table.of(text.codePointAt(at)!) >>> code[i + 1]!) & 1) === 1
          ) {
            at += widthAt(text, at);
            count++;
          }
          matched = count >= code[i + 2]!;
          if (matched && count < code[i + 3]!) top = this.#push(top, pc, at, -2 - count);
          pc++;
          break;
        }
        case op.jump:
          pc = code[i + 1]!;
          break;
        case op.fork:
          top = this.#push(top, code[i + 2]!, at, -1);
          pc = code[i + 1]!;
          break;
        case op.choose:
          if (at < length && ((table.of(text.codePointAt(at)!) >>> code[i + 1]!) & 1) === 1) {
            top = this.#push(top, code[i + 2]!, at, -1);
            pc++;
          } else pc = code[i + 2]!;
          break;
        case op.atomic: {
          const end = this.#run(text, pc + 1, at, top);
          matched = end >= 0;
          at = end;
          pc = code[i + 1]!;
          break;
        }
        case op.ahead:
          matched = this.#run(text, pc + 1, at, top) >= 0 !== (code[i + 2] === 1);
          pc = code[i + 1]!;
          break;
        case op.behind: {
          const before = at > 0 ? text.codePointAt(at - widthBefore(text, at))! : -1;
          const isIn = before >= 0 && ((table.of(before) >>> code[i + 1]!) & 1) === 1;
          matched = isIn !== (code[i + 2] === 1);
          pc++;
          break;
        }
        case op.edge:
          matched = isEdge(text, at, code[i + 1]!);
          pc++;
          break;
        default:
          throw new RangeError(`instruction ${code[i]} at ${pc}`);
      }
      if (matched) continue;
      // Go back to the last place where another way is left.
      let resumed = false;
      while (top > base && !resumed) {
        const stack = this.#stack;
        const low = stack[top - 1]!;
        pc = stack[top - 3]!;
        at = stack[top - 2]!;
        if (low === -1) {
          top -= 3;
          resumed = true;
        } else if (low >= 0) {
          at -= widthBefore(text, at);
          if (at > low) stack[top - 2] = at;
          else top -= 3;
          resumed = true;
        } else {
          top -= 3;
          const count = -2 - low;
          if (at < length && ((table.of(text.codePointAt(at)!) >>> code[4 * pc + 1]!) & 1) === 1) {
            at += widthAt(text, at);
            const most = code[4 * pc + 3]!;
            if (count + 1 < most) top = this.#push(top, pc, at, most === unlimited ? low : low - 1);
            pc++;
            resumed = true;
          }
        }
      }
      if (!resumed) return -1;
    }
  }

  #push(top: number, pc: number, at: number, low: number): number {
    if (top + 3 > this.#stack.length) {
      const larger = new Int32Array(2 * this.#stack.length);
      larger.set(this.#stack);
      this.#stack = larger;
    }
    this.#stack[top] = pc;
    this.#stack[top + 1] = at;
    this.#stack[top + 2] = low;
    return top + 3;
  }
}

const newline = 10;

function isEdge(text: string, at: number, edge: number): boolean {
  switch (edges[edge]) {
    case "text-start":
      return at === 0;
    case "text-end":
      return at === text.length;
    case "before-last-newline":
      return at === text.length || (at === text.length - 1 && text.charCodeAt(at) === newline);
    case "line-start":
      return at === 0 || (text.charCodeAt(at - 1) === newline && at < text.length);
    default:
      return at === text.length || text.charCodeAt(at) === newline;
  }
}

/** UTF-16 units of the character at `at`. */
function widthAt(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  return unit >= 0xd800 && unit <= 0xdbff ? 2 : 1;
}

function widthBefore(text: string, at: number): number {
  const unit = text.charCodeAt(at - 1);
  return unit >= 0xdc00 && unit <= 0xdfff ? 2 : 1;
}
