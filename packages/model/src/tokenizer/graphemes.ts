import {
  clusterClassOf,
  isClosedSyllable,
  isConsonant,
  isControl,
  isExtender,
  isLeadingJamo,
  isLinker,
  isOpenSyllable,
  isPictograph,
  isPrefix,
  isSpacingMark,
  isTrailingJamo,
  isVowelJamo,
  singleCharacters,
} from "./unicode/cluster-class.ts";

const lineFeed = 0xa;
const carriageReturn = 0xd;
const nonJoiner = 0x200c;
const joiner = 0x200d;

let simple: RegExp | undefined;

/**
 * The extended grapheme clusters (UAX #29) of a text, in order, by the Unicode of the `tokenizers` library. The rules are
 * our own because `Intl.Segmenter` follows the Unicode of the runtime, and its time grows with the square of the text.
 *
 * Two rules are left out because only clusters of more than five bytes of UTF-8 depend on them, whose characters
 * `Precompiled` looks up one by one: pairs of regional indicators, and controls and vowels beyond the basic plane.
 */
export function* graphemes(text: string): Generator<string> {
  simple ??= singleCharacters();
  if (simple.test(text)) {
    yield* text;
    return;
  }
  let start = 0;
  let before = 0;
  let classBefore = isControl;
  let pictographs = noPictograph;
  let conjunct = noConsonant;
  for (let at = 0; at < text.length;) {
    const point = text.codePointAt(at)!;
    const found = clusterClassOf(point);
    const isJoined =
      ((found | classBefore) & isControl) === 0
        ? (found & isExtender) !== 0 ||
          (classBefore & isPrefix) !== 0 ||
          isOneSyllable(classBefore, found) ||
          (pictographs === joinedPictograph && (found & isPictograph) !== 0) ||
          (conjunct === linkedConsonant && (found & isConsonant) !== 0)
        : before === carriageReturn && point === lineFeed;
    if (!isJoined && at > start) {
      yield text.slice(start, at);
      start = at;
    }
    pictographs = afterPictograph(pictographs, point, found);
    conjunct = afterConsonant(conjunct, point, found);
    before = point;
    classBefore = found;
    at += point > 0xffff ? 2 : 1;
  }
  yield text.slice(start);
}

/** Whether two characters of Hangul belong to one syllable. */
function isOneSyllable(before: number, after: number): boolean {
  if ((before & isLeadingJamo) !== 0)
    return (after & (isLeadingJamo | isVowelJamo | isOpenSyllable | isClosedSyllable)) !== 0;
  if ((before & (isOpenSyllable | isVowelJamo)) !== 0) return (after & (isVowelJamo | isTrailingJamo)) !== 0;
  return (before & (isClosedSyllable | isTrailingJamo)) !== 0 && (after & isTrailingJamo) !== 0;
}

/** Where a text is in "pictograph, any extenders, joiner", behind which another pictograph is joined. */
const noPictograph = 0;
const somePictograph = 1;
const joinedPictograph = 2;

function afterPictograph(state: number, point: number, found: number): number {
  if ((found & isPictograph) !== 0) return somePictograph;
  if (state !== somePictograph) return noPictograph;
  if (point === joiner) return joinedPictograph;
  return (found & (isExtender | isSpacingMark)) === isExtender ? somePictograph : noPictograph;
}

/** Where a text is in "consonant, any extenders with a linker among them", behind which another consonant is joined. */
const noConsonant = 0;
const someConsonant = 1;
const linkedConsonant = 2;

function afterConsonant(state: number, point: number, found: number): number {
  if ((found & isConsonant) !== 0) return someConsonant;
  if (state === noConsonant) return noConsonant;
  if ((found & isLinker) !== 0) return linkedConsonant;
  return (found & (isExtender | isSpacingMark)) === isExtender && point !== nonJoiner ? state : noConsonant;
}
