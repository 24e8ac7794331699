import type { Random } from "./random.ts";
import { DOMAINS } from "./language/lexicon.ts";
import { heldOut, sampleMeaning, type Meaning } from "./language/meaning.ts";
import { say, sayPlainly, sentence } from "./language/realise.ts";
import { changeDetail, changeParticipant, contradict, generalise, similarity } from "./language/relate.ts";

export interface Triplet {
  readonly query: string;
  readonly positive: string;
  readonly negative: string;
}

export interface ScoredPair {
  readonly sentence1: string;
  readonly sentence2: string;
  /** 0 unrelated to 5 the same. */
  readonly score: number;
}

const OPENINGS = 0.08;

const words = (text: string): Set<string> => new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu));

/** Share of words that two sentences have in common (Jaccard), 0 to 1. */
export function overlap(left: string, right: string): number {
  const [a, b] = [words(left), words(right)];
  const common = [...a].filter((word) => b.has(word)).length;
  return common / (a.size + b.size - common);
}

const wordings = (count: number, draw: () => string): string[] => Array.from({ length: count }, draw);

function extreme(texts: readonly string[], beside: string, sign: 1 | -1): string {
  const [best = ""] = texts
    .filter((text) => text !== beside)
    .toSorted((left, right) => sign * (overlap(right, beside) - overlap(left, beside)));
  return best;
}

/** Draws until the meaning is on the wanted side of the split. */
function drawn(held: boolean, draw: () => Meaning | undefined): Meaning | undefined {
  for (let attempt = 0; attempt < 200; attempt++) {
    const meaning = draw();
    if (meaning !== undefined && heldOut(meaning) === held) return meaning;
  }
  return undefined;
}

/** A negative that is nearly the query, or at least about the same things. */
function negativeOf(rng: Random, meaning: Meaning): Meaning | undefined {
  const way = rng.weighted({ contradiction: 5, participant: 3, detail: 1.5, topic: 1.5 });
  switch (way) {
    case "contradiction":
      return contradict(rng, meaning);
    case "participant":
      return changeParticipant(rng, meaning);
    case "detail":
      return changeDetail(rng, meaning);
    case "topic":
      return sampleMeaning(
        rng,
        DOMAINS.find(({ name }) => name === meaning.domain),
      );
  }
}

/**
 * Training triplets: the positive says the same in other words (or a little less of it), the negative says something
 * else in nearly the same words.
 */
export function triplets(rng: Random, count: number): Triplet[] {
  const out: Triplet[] = [];
  const queries = new Set<string>();
  while (out.length < count) {
    const meaning = drawn(false, () => sampleMeaning(rng));
    if (meaning === undefined) continue;
    const general = rng.chance(0.35) ? generalise(rng, meaning) : undefined;
    const against = drawn(false, () => negativeOf(rng, meaning));
    if (against === undefined || similarity(meaning, against) > 4) continue;
    const told = (of: Meaning): string => sentence(rng, say(rng, of), OPENINGS);
    const query = told(meaning);
    const positive = extreme(
      wordings(4, () => told(general ?? meaning)),
      query,
      -1,
    );
    const near = rng.chance(0.5)
      ? wordings(4, () => told(against))
      : wordings(2, () => sentence(rng, sayPlainly(rng, against)));
    const negative = extreme(near, query, 1);
    if (positive === "" || negative === "" || positive === negative || queries.has(query)) continue;
    queries.add(query);
    out.push({ query, positive, negative });
  }
  return out;
}

/** How the second sentence of an evaluation pair is made from the first, and how often. */
const RELATIONS = {
  same: 18,
  less: 16,
  detail: 18,
  participant: 13,
  both: 12,
  contradiction: 13,
  topic: 9,
  unrelated: 9,
};

function related(rng: Random, meaning: Meaning, relation: keyof typeof RELATIONS): Meaning | undefined {
  switch (relation) {
    case "same":
      return meaning;
    case "less": {
      const general = generalise(rng, meaning);
      return general !== undefined && rng.chance(0.3) ? (generalise(rng, general) ?? general) : general;
    }
    case "detail":
      return changeDetail(rng, meaning);
    case "participant":
      return changeParticipant(rng, meaning);
    case "both":
      return changeDetail(rng, changeParticipant(rng, meaning));
    case "contradiction":
      return contradict(rng, meaning);
    case "topic":
      return sampleMeaning(
        rng,
        DOMAINS.find(({ name }) => name === meaning.domain),
      );
    case "unrelated": {
      const second = sampleMeaning(rng, rng.pick(DOMAINS.filter(({ name }) => name !== meaning.domain)));
      if (meaning.kind !== "clause" || second.kind !== "clause" || rng.chance(0.5)) return second;
      // The same person at the same time, so that a shared name says little.
      const agent =
        meaning.agent.noun.gender !== undefined && second.agent.noun.person ? meaning.agent : second.agent;
      return { ...second, agent, time: meaning.tense === second.tense ? meaning.time : second.time };
    }
  }
}

/**
 * Evaluation pairs over held-out events. The score follows from the two meanings alone; the wording works against it,
 * so that counting common words does not go far.
 */
export function scoredPairs(rng: Random, count: number): ScoredPair[] {
  const out: ScoredPair[] = [];
  const used = new Set<string>();
  while (out.length < count) {
    const meaning = drawn(true, () => sampleMeaning(rng));
    const relation = rng.weighted(RELATIONS);
    // A more general word names no held-out event; its sentence is still checked against the triplets by a test.
    const second =
      meaning === undefined
        ? undefined
        : relation === "less"
          ? related(rng, meaning, relation)
          : drawn(true, () => related(rng, meaning, relation));
    if (meaning === undefined || second === undefined) continue;
    const sentence1 = sentence(rng, say(rng, meaning), OPENINGS);
    const agree = relation === "same" || relation === "less";
    const told = wordings(3, () => sentence(rng, say(rng, second), OPENINGS));
    const sentence2 = extreme(told, sentence1, agree ? -1 : 1);
    if (sentence2 === "" || used.has(sentence1) || used.has(sentence2)) continue;
    used.add(sentence1).add(sentence2);
    out.push({ sentence1, sentence2, score: similarity(meaning, second) });
  }
  return out;
}
