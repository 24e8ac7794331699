import { classOf, complement, union, type CodePointSet } from "./code-point-set.ts";
import { CodePointTable } from "./code-point-table.ts";
import * as properties from "./properties.ts";

/** Bits of {@link clusterClassOf}. */
export const isControl = 1;
export const isExtender = 2;
export const isSpacingMark = 4;
export const isPrefix = 8;
export const isPictograph = 16;
export const isConsonant = 32;
export const isLinker = 64;
export const isLeadingJamo = 128;
export const isVowelJamo = 256;
export const isTrailingJamo = 512;
/** A syllable of Hangul that ends in its vowel, and one that has a consonant behind it. */
export const isOpenSyllable = 1024;
export const isClosedSyllable = 2048;

// The blocks of Hangul are full, so that no release of Unicode adds to them.
const leadingJamo: CodePointSet = [
  [0x1100, 0x115f],
  [0xa960, 0xa97c],
];
const vowelJamo: CodePointSet = [
  [0x1160, 0x11a7],
  [0xd7b0, 0xd7c6],
];
const trailingJamo: CodePointSet = [
  [0x11a8, 0x11ff],
  [0xd7cb, 0xd7fb],
];
const firstSyllable = 0xac00;
const lastSyllable = 0xd7a3;
/** One open syllable and the closed ones that begin like it. */
const endings = 28;

let table: CodePointTable | undefined;

/** The classes of a character in the rules of grapheme clusters. */
export function clusterClassOf(point: number): number {
  if (point >= firstSyllable && point <= lastSyllable)
    return (point - firstSyllable) % endings === 0 ? isOpenSyllable : isClosedSyllable;
  table ??= new CodePointTable([
    properties.clusterControls(),
    properties.clusterExtenders(),
    properties.spacingMarks(),
    properties.clusterPrefixes(),
    properties.pictographs(),
    properties.conjunctConsonants(),
    properties.conjunctLinkers(),
    leadingJamo,
    vowelJamo,
    trailingJamo,
  ]);
  return table.of(point);
}

/** Matches texts in which every character is a cluster of its own: nothing in them joins two characters. */
export function singleCharacters(): RegExp {
  const joining = union(
    [[0xd, 0xd]],
    properties.clusterExtenders(),
    properties.clusterPrefixes(),
    leadingJamo,
    vowelJamo,
    trailingJamo,
  );
  return new RegExp(`^[${classOf(complement(joining))}]*$`, "u");
}
