import type { Random } from "../random.ts";
import { hash } from "../random.ts";
import {
  COLOURS,
  DOMAINS,
  MANNERS,
  NAMES,
  PERSON_SCALES,
  REASONS,
  SCALES,
  TIMES,
  type Action,
  type Concept,
  type Domain,
  type Noun,
  type Opposites,
  type Place,
  type Tense,
  type Thing,
} from "./lexicon.ts";

/** One side of a pair of opposites. */
export interface Side {
  readonly of: Opposites;
  readonly side: 0 | 1;
}

export interface Entity {
  readonly noun: Noun;
  /** 1 for singular and for mass nouns. */
  readonly count: number;
  readonly quality?: Side | undefined;
  readonly colour?: string | undefined;
}

/** Somebody does something: the explicit meaning behind many sentences. */
export interface Clause {
  readonly kind: "clause";
  readonly domain: string;
  readonly action: Action;
  /** The opposite action is meant. */
  readonly reversed: boolean;
  readonly negated: boolean;
  readonly tense: Tense;
  readonly agent: Entity;
  readonly theme?: Entity | undefined;
  /** The person the action is directed to. */
  readonly other?: Entity | undefined;
  readonly tool?: Noun | undefined;
  readonly place?: Place | undefined;
  readonly time?: Concept | undefined;
  readonly manner?: Side | undefined;
  readonly reason?: Side | undefined;
}

/** Something has a quality. */
export interface State {
  readonly kind: "state";
  readonly domain: string;
  readonly theme: Entity;
  readonly quality: Side;
  readonly negated: boolean;
  readonly tense: Tense;
  readonly time?: Concept | undefined;
}

/** The first is more of the scale's side than the second. */
export interface Comparison {
  readonly kind: "comparison";
  readonly domain: string;
  readonly more: Entity;
  readonly less: Entity;
  readonly scale: Side;
  readonly tense: Tense;
}

/** One person does two things, in this order. */
export interface Sequence {
  readonly kind: "sequence";
  readonly domain: string;
  readonly first: Clause;
  readonly second: Clause;
}

export type Meaning = Clause | State | Comparison | Sequence;

export const side = (rng: Random, of: Opposites): Side => ({ of, side: rng.chance(0.5) ? 1 : 0 });
export const flip = (quality: Side): Side => ({ of: quality.of, side: quality.side === 0 ? 1 : 0 });

export function samplePerson(rng: Random, domain: Domain): Entity {
  const named = rng.chance(0.5);
  return {
    noun: named ? rng.pick(NAMES) : rng.pick(domain.people),
    count: !named && rng.chance(0.12) ? 2 : 1,
  };
}

export function sampleThing(rng: Random, things: readonly Thing[]): Entity {
  const { noun, qualities } = rng.pick(things);
  const count = noun.mass || rng.chance(0.7) ? 1 : 2 + rng.below(11);
  if (qualities.length > 0 && rng.chance(0.35))
    return { noun, count, quality: side(rng, rng.pick(qualities)) };
  return { noun, count, colour: noun.mass || rng.chance(0.8) ? undefined : rng.pick(COLOURS) };
}

/** A member of a class of the domain; `person` (and an absent class) is a person. */
export function sampleMember(rng: Random, domain: Domain, className: string | undefined): Entity {
  if (className === undefined || className === "person") return samplePerson(rng, domain);
  const things = domain.things.get(className);
  if (things === undefined) throw new RangeError(`no class ${className} in ${domain.name}`);
  return sampleThing(rng, things);
}

/** A singular member without qualities, for agents. */
function sampleAgent(rng: Random, domain: Domain, action: Action): Entity {
  const { noun, count } = sampleMember(rng, domain, action.who);
  return { noun, count: Math.min(count, 2) };
}

function different(rng: Random, taken: Entity, sample: () => Entity): Entity {
  for (;;) {
    const entity = sample();
    if (entity.noun.id !== taken.noun.id) return entity;
  }
}

/** `detail` scales how often place, time, manner and reason are mentioned. */
export function sampleClause(
  rng: Random,
  domain: Domain,
  detail = 1,
  given?: { agent?: Entity; tense?: Tense },
): Clause {
  const fitting = domain.actions.filter(({ who }) => given?.agent === undefined || who === undefined);
  const action = rng.pick(fitting);
  const tense = given?.tense ?? rng.weighted({ past: 6, present: 2, future: 2 });
  const agent = given?.agent ?? sampleAgent(rng, domain, action);
  const person = agent.noun.person;
  const other =
    action.toward === undefined ? undefined : different(rng, agent, () => samplePerson(rng, domain));
  return {
    kind: "clause",
    domain: domain.name,
    action,
    reversed: action.undo.length > 0 && rng.chance(0.3),
    negated: false,
    tense,
    agent,
    theme:
      action.what === undefined
        ? undefined
        : different(rng, agent, () => sampleMember(rng, domain, action.what)),
    other,
    tool: action.tools.length > 0 && rng.chance(0.5) ? rng.pick(action.tools) : undefined,
    place: rng.chance(0.4 * detail) || action.goal ? rng.pick(domain.places) : undefined,
    time: rng.chance(0.4 * detail) ? rng.pick(TIMES[tense]) : undefined,
    manner: person && rng.chance(0.2 * detail) ? side(rng, rng.pick(MANNERS)) : undefined,
    reason:
      person && tense === "past" && rng.chance(0.12 * detail) ? side(rng, rng.pick(REASONS)) : undefined,
  };
}

export function sampleState(rng: Random, domain: Domain): State {
  const things = [...domain.things.values()].flat().filter(({ qualities }) => qualities.length > 0);
  const { noun, qualities } = rng.pick(things);
  const tense = rng.weighted({ past: 6, present: 3, future: 1 });
  return {
    kind: "state",
    domain: domain.name,
    theme: { noun, count: !noun.mass && rng.chance(0.2) ? 2 : 1 },
    quality: side(rng, rng.pick(qualities)),
    negated: false,
    tense,
    time: rng.chance(0.4) ? rng.pick(TIMES[tense]) : undefined,
  };
}

export function sampleComparison(rng: Random, domain: Domain): Comparison {
  const people = rng.chance(0.4);
  const members = people ? undefined : rng.pick([...domain.things.values()]);
  const one = (): Entity => {
    const { noun } = members === undefined ? samplePerson(rng, domain) : rng.pick(members);
    return { noun, count: 1 };
  };
  const more = one();
  return {
    kind: "comparison",
    domain: domain.name,
    more,
    less: different(rng, more, one),
    scale: side(rng, rng.pick(people ? PERSON_SCALES : SCALES)),
    tense: rng.chance(0.5) ? "past" : "present",
  };
}

export function sampleSequence(rng: Random, domain: Domain): Sequence {
  const agent: Entity = { noun: samplePerson(rng, domain).noun, count: 1 };
  const clause = (): Clause => sampleClause(rng, domain, 0, { agent, tense: "past" });
  const first = clause();
  let second = clause();
  while (second.action === first.action) second = clause();
  return { kind: "sequence", domain: domain.name, first, second };
}

export function sampleMeaning(rng: Random, domain: Domain = rng.pick(DOMAINS)): Meaning {
  const kind = rng.weighted({ clause: 66, state: 14, comparison: 10, sequence: 10 });
  switch (kind) {
    case "clause":
      return sampleClause(rng, domain);
    case "state":
      return sampleState(rng, domain);
    case "comparison":
      return sampleComparison(rng, domain);
    case "sequence":
      return sampleSequence(rng, domain);
  }
}

/** What a meaning is about, blind to who does what to whom, polarity, number, tense and circumstances. */
function gist(meaning: Meaning): string {
  switch (meaning.kind) {
    case "clause": {
      const nouns = [meaning.agent, meaning.theme, meaning.other].flatMap((entity) => entity?.noun.id ?? []);
      return [meaning.action.id, ...nouns.sort()].join("|");
    }
    case "state":
      return [meaning.quality.of.id, meaning.theme.noun.id].join("|");
    case "comparison":
      return [meaning.scale.of.id, ...[meaning.more.noun.id, meaning.less.noun.id].sort()].join("|");
    case "sequence":
      return [gist(meaning.first), gist(meaning.second)].sort().join("|");
  }
}

/**
 * A tenth of all gists is kept for evaluation and occurs in no training text, so evaluation sentences are new
 * events, however they are worded.
 */
export const heldOut = (meaning: Meaning): boolean =>
  hash(gist(meaning)) % 10 === 0 ||
  (meaning.kind === "sequence" && (heldOut(meaning.first) || heldOut(meaning.second)));
