import { classOf } from "./unicode/code-point-set.ts";

/**
 * Texts in which every character is a grapheme cluster of its own: they hold no carriage return, no mark, no jamo, no
 * regional indicator and no joiner.
 */
const simple = new RegExp(
  `^[${classOf([
    [0x0, 0xc],
    [0xe, 0x2ff],
    [0x370, 0x482],
    [0x48a, 0x590],
    [0x2010, 0x2027],
    [0x2030, 0x205e],
    [0x2100, 0x2bff],
    [0x3000, 0x3029],
    [0x3041, 0x3098],
    [0x309b, 0x9fff],
  ])}]*$`,
  "u",
);

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

/** UTF-16 units that are segmented at once: the time of a segmenter grows with the square of its text. */
const windowUnits = 128;

/** The extended grapheme clusters (UAX #29) of a text, in order. */
export function* graphemes(text: string): Generator<string> {
  if (simple.test(text)) {
    yield* text;
    return;
  }
  let size = windowUnits;
  for (let start = 0; start < text.length;) {
    let end = Math.min(text.length, start + size);
    if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end++;
    const clusters = Array.from(segmenter.segment(text.slice(start, end)), ({ segment }) => segment);
    // The last cluster of a window may go on behind it, and is then the first of the next.
    const last = end < text.length ? clusters.pop()!.length : 0;
    if (clusters.length === 0) {
      size *= 2;
      continue;
    }
    yield* clusters;
    start = end - last;
    size = windowUnits;
  }
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
