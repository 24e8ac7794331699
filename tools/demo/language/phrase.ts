import type { Random } from "../random.ts";
import type { Noun, Tense } from "./lexicon.ts";
import type { Entity, Side } from "./meaning.ts";
import { participle, past, plural, spell, third, withArticle } from "./words.ts";

/** A noun phrase and what it needs from the verb. */
export interface Subject {
  readonly text: string;
  readonly plural: boolean;
}

const NUMBER_WORDS: Readonly<Record<number, readonly string[]>> = {
  2: ["two", "2", "a couple of", "a pair of"],
  12: ["twelve", "12", "a dozen"],
};

const capital = (noun: Noun): boolean => noun.gender !== undefined;

export const word = (rng: Random, quality: Side): string => rng.pick(quality.of.sides[quality.side].forms);

/** Says an entity with any of its synonyms: "the red boat", "a vessel", "3 apples", "some soup", "Anna". */
export function nounPhrase(rng: Random, entity: Entity, determiner?: "the" | "a"): Subject {
  const head = rng.pick(entity.noun.forms);
  if (capital(entity.noun)) return { text: head, plural: false };
  const modifiers = [
    ...(entity.quality === undefined ? [] : [word(rng, entity.quality)]),
    ...(entity.colour === undefined ? [] : [entity.colour]),
  ];
  if (entity.count > 1) {
    const number = rng.pick(NUMBER_WORDS[entity.count] ?? [spell(entity.count), String(entity.count)]);
    return { text: [number, ...modifiers, plural(head)].join(" "), plural: true };
  }
  const phrase = [...modifiers, head].join(" ");
  if (determiner === "the" || (determiner === undefined && rng.chance(entity.noun.person ? 0.7 : 0.5))) {
    return { text: `the ${phrase}`, plural: false };
  }
  return { text: entity.noun.mass ? `some ${phrase}` : withArticle(phrase), plural: false };
}

export function pronoun(entity: Entity): Subject {
  if (entity.count > 1) return { text: "they", plural: true };
  if (!entity.noun.person) return { text: "it", plural: false };
  return entity.noun.gender === undefined
    ? { text: "they", plural: true }
    : { text: entity.noun.gender, plural: false };
}

export function be(tense: Tense, many: boolean): string {
  if (tense === "future") return "will be";
  if (tense === "past") return many ? "were" : "was";
  return many ? "are" : "is";
}

/** "was", "was not", "wasn't": `form` follows be with or without negation. */
export function beNegated(rng: Random, tense: Tense, many: boolean): string {
  if (tense === "future") return rng.pick(["will not be", "won't be", "will never be"]);
  const verb = be(tense, many);
  return rng.pick([`${verb} not`, `${verb}n't`, `${verb} never`]);
}

/** The finite active verb of a subject. */
export function active(rng: Random, verb: string, tense: Tense, many: boolean, negated: boolean): string {
  switch (tense) {
    case "past":
      return negated ? rng.pick([`did not ${verb}`, `didn't ${verb}`, `never ${past(verb)}`]) : past(verb);
    case "present": {
      const finite = many ? verb : third(verb);
      const aux = many ? "do" : "does";
      return negated ? rng.pick([`${aux} not ${verb}`, `${aux}n't ${verb}`, `never ${finite}`]) : finite;
    }
    case "future":
      return negated
        ? rng.pick([`will not ${verb}`, `won't ${verb}`, `will never ${verb}`])
        : rng.pick([`will ${verb}`, `${be("present", many)} going to ${verb}`]);
  }
}

export function passive(rng: Random, verb: string, tense: Tense, many: boolean, negated: boolean): string {
  return `${negated ? beNegated(rng, tense, many) : be(tense, many)} ${participle(verb)}`;
}
