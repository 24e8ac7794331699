import type { Random } from "../random.ts";
import { COLOURS, domainNamed, MANNERS, TIMES, type Concept, type Opposites } from "./lexicon.ts";
import {
  flip,
  sampleMember,
  samplePerson,
  side,
  type Clause,
  type Comparison,
  type Entity,
  type Meaning,
  type Sequence,
  type Side,
  type State,
} from "./meaning.ts";

const other = <T>(rng: Random, items: readonly T[], taken: T): T =>
  rng.pick(items.filter((item) => item !== taken));

/** Less is said: a circumstance left out, or a more general word. Undefined when nothing can be left out. */
export function generalise(rng: Random, meaning: Meaning): Meaning | undefined {
  if (meaning.kind === "state")
    return meaning.time === undefined ? undefined : { ...meaning, time: undefined };
  if (meaning.kind !== "clause" || meaning.negated) return undefined;
  const { theme } = meaning;
  const ways: Clause[] = [];
  if (meaning.place !== undefined && !meaning.action.goal) ways.push({ ...meaning, place: undefined });
  if (meaning.time !== undefined) ways.push({ ...meaning, time: undefined });
  if (meaning.manner !== undefined) ways.push({ ...meaning, manner: undefined });
  if (meaning.reason !== undefined) ways.push({ ...meaning, reason: undefined });
  if (meaning.tool !== undefined) ways.push({ ...meaning, tool: undefined });
  if (theme?.quality !== undefined) ways.push({ ...meaning, theme: { ...theme, quality: undefined } });
  if (theme?.colour !== undefined) ways.push({ ...meaning, theme: { ...theme, colour: undefined } });
  const general = theme?.noun.general;
  if (theme !== undefined && general !== undefined) {
    ways.push({
      ...meaning,
      theme: { ...theme, noun: general, count: general.mass ? 1 : theme.count, quality: undefined },
    });
  }
  return ways.length === 0 ? undefined : rng.pick(ways);
}

/** The same event with one circumstance or number changed. */
export function changeDetail(rng: Random, meaning: Meaning): Meaning | undefined {
  if (meaning.kind === "state") {
    const { time, tense } = meaning;
    return time === undefined ? undefined : { ...meaning, time: other(rng, TIMES[tense], time) };
  }
  if (meaning.kind !== "clause") return undefined;
  const { place, time, manner, theme, tool, tense, domain, action } = meaning;
  const ways: Clause[] = [];
  if (place !== undefined) ways.push({ ...meaning, place: other(rng, domainNamed(domain).places, place) });
  if (time !== undefined) ways.push({ ...meaning, time: other(rng, TIMES[tense], time) });
  if (manner !== undefined) {
    ways.push(
      { ...meaning, manner: flip(manner) },
      { ...meaning, manner: side(rng, other(rng, MANNERS, manner.of)) },
    );
  }
  if (tool !== undefined && action.tools.length > 1)
    ways.push({ ...meaning, tool: other(rng, action.tools, tool) });
  if (theme?.quality !== undefined)
    ways.push({ ...meaning, theme: { ...theme, quality: flip(theme.quality) } });
  if (theme?.colour !== undefined) {
    ways.push({ ...meaning, theme: { ...theme, colour: other(rng, COLOURS, theme.colour) } });
  }
  if (theme !== undefined && theme.count > 1) {
    ways.push({ ...meaning, theme: { ...theme, count: 2 + ((theme.count - 1 + rng.below(10)) % 11) } });
  }
  return ways.length === 0 ? undefined : rng.pick(ways);
}

/** The same kind of event with another person or thing in it. */
export function changeParticipant(rng: Random, meaning: Meaning): Meaning {
  const domain = domainNamed(meaning.domain);
  const replaced = (
    entity: Entity,
    sample: () => Entity,
    ...taken: readonly (Entity | undefined)[]
  ): Entity => {
    for (;;) {
      const { noun } = sample();
      const clash = [entity, ...taken].some((present) => present?.noun.id === noun.id);
      if (!clash)
        return { ...entity, noun, count: noun.mass || noun.gender !== undefined ? 1 : entity.count };
    }
  };
  switch (meaning.kind) {
    case "clause": {
      const { agent, theme, action } = meaning;
      if (theme !== undefined && rng.chance(0.6)) {
        const quality = { quality: undefined };
        return {
          ...meaning,
          theme: { ...replaced(theme, () => sampleMember(rng, domain, action.what), agent), ...quality },
        };
      }
      return {
        ...meaning,
        agent: replaced(agent, () => sampleMember(rng, domain, action.who), theme, meaning.other),
      };
    }
    case "state": {
      const members = [...domain.things.values()].find((things) =>
        things.some(({ noun }) => noun.id === meaning.theme.noun.id),
      );
      const nouns = (members ?? []).map(({ noun }) => ({ noun, count: 1 }));
      return { ...meaning, theme: replaced(meaning.theme, () => rng.pick(nouns)) };
    }
    case "comparison": {
      const members = [...domain.things.values()].find((things) =>
        things.some(({ noun }) => noun.id === meaning.more.noun.id),
      );
      const sample = (): Entity =>
        members === undefined ? samplePerson(rng, domain) : { noun: rng.pick(members).noun, count: 1 };
      return { ...meaning, less: { ...replaced(meaning.less, sample, meaning.more), count: 1 } };
    }
    case "sequence": {
      const agent: Entity = {
        ...replaced(
          meaning.first.agent,
          () => samplePerson(rng, domain),
          meaning.first.theme,
          meaning.second.theme,
        ),
        count: 1,
      };
      return { ...meaning, first: { ...meaning.first, agent }, second: { ...meaning.second, agent } };
    }
  }
}

/** Cannot be true together with the given: denied, reversed, or with the roles exchanged. */
export function contradict(rng: Random, meaning: Meaning): Meaning {
  switch (meaning.kind) {
    case "clause": {
      const { action, agent, theme, other: receiver } = meaning;
      const ways: Clause[] = [{ ...meaning, negated: !meaning.negated }];
      if (action.undo.length > 0 && !meaning.negated) {
        ways.push({ ...meaning, reversed: !meaning.reversed }, { ...meaning, reversed: !meaning.reversed });
      }
      if (receiver !== undefined) {
        const swapped: Clause = { ...meaning, agent: receiver, other: agent };
        ways.push(swapped, swapped);
      }
      if (theme !== undefined && action.what === (action.who ?? "person")) {
        ways.push({ ...meaning, agent: { noun: theme.noun, count: Math.min(theme.count, 2) }, theme: agent });
      }
      return rng.pick(ways);
    }
    case "state":
      return rng.chance(0.3)
        ? { ...meaning, negated: !meaning.negated }
        : { ...meaning, quality: flip(meaning.quality) };
    case "comparison":
      return { ...meaning, more: meaning.less, less: meaning.more };
    case "sequence":
      return { ...meaning, first: meaning.second, second: meaning.first };
  }
}

const sameSide = (left: Side | undefined, right: Side | undefined): boolean =>
  left?.of.id === right?.of.id && left?.side === right?.side;

/** What it costs that two optional circumstances differ: little when one says nothing, more when both say something. */
function gap(
  left: Concept | Opposites | string | number | undefined,
  right: typeof left,
  changed: number,
): number {
  if (left === right) return 0;
  return left === undefined || right === undefined ? 0.5 : changed;
}

function sideGap(left: Side | undefined, right: Side | undefined): number {
  if (sameSide(left, right)) return 0;
  if (left === undefined || right === undefined) return 0.5;
  return left.of.id === right.of.id ? 1.5 : 1;
}

function entityGap(left: Entity | undefined, right: Entity | undefined): number {
  if (left === undefined || right === undefined) return left === right ? 0 : 1;
  if (left.noun.id !== right.noun.id) {
    return left.noun.general?.id === right.noun.id || right.noun.general?.id === left.noun.id ? 0.7 : 3;
  }
  return (
    sideGap(left.quality, right.quality) +
    gap(left.colour, right.colour, 1) +
    (left.count === right.count ? 0 : 1.2)
  );
}

/** The same kind of event, and the two cannot both be true. */
const OPPOSED = 2;
/** The same kind of event, with nearly all of it different. */
const SAME_KIND = 1.2;
const SAME_TOPIC = 1;

function clauseScore(left: Clause, right: Clause): number {
  if (left.action.id !== right.action.id) {
    const shared =
      Number(left.agent.noun.id === right.agent.noun.id) +
      Number(left.theme !== undefined && left.theme.noun.id === right.theme?.noun.id);
    return SAME_TOPIC - 0.4 + 0.3 * shared;
  }
  const lost =
    entityGap(left.agent, right.agent) +
    entityGap(left.theme, right.theme) +
    entityGap(left.other, right.other) +
    gap(left.place, right.place, 1) +
    gap(left.time, right.time, 1) +
    gap(left.tool, right.tool, 0.8) +
    sideGap(left.manner, right.manner) +
    sideGap(left.reason, right.reason) +
    (left.tense === right.tense ? 0 : 0.8);
  const opposed = (left.negated !== left.reversed) !== (right.negated !== right.reversed);
  const swapped =
    lost >= 2 && (left.agent.noun.id === right.other?.noun.id || left.agent.noun.id === right.theme?.noun.id);
  if (opposed || swapped) return OPPOSED - (opposed && lost > 0 ? 0.3 : 0);
  return Math.max(SAME_KIND, 5 - lost);
}

function stateScore(left: State, right: State): number {
  if (left.quality.of.id !== right.quality.of.id)
    return left.theme.noun.id === right.theme.noun.id ? 1.2 : 0.6;
  const opposed = (left.negated !== right.negated) !== (left.quality.side !== right.quality.side);
  if (left.theme.noun.id !== right.theme.noun.id) return opposed ? SAME_KIND : 2;
  if (opposed) return OPPOSED;
  return 5 - gap(left.time, right.time, 1) - (left.tense === right.tense ? 0 : 0.8);
}

function comparisonScore(left: Comparison, right: Comparison): number {
  if (left.scale.of.id !== right.scale.of.id) return SAME_TOPIC;
  const turned = left.scale.side !== right.scale.side;
  const [more, less] = turned ? [right.less, right.more] : [right.more, right.less];
  if (left.more.noun.id === less.noun.id && left.less.noun.id === more.noun.id) return OPPOSED;
  const lost =
    entityGap(left.more, more) + entityGap(left.less, less) + (left.tense === right.tense ? 0 : 0.8);
  return Math.max(SAME_KIND, 5 - lost);
}

function sequenceScore(left: Sequence, right: Sequence): number {
  if (left.first.action.id === right.second.action.id && left.second.action.id === right.first.action.id) {
    return OPPOSED;
  }
  return Math.max(
    SAME_KIND,
    Math.min(clauseScore(left.first, right.first), clauseScore(left.second, right.second)),
  );
}

/**
 * Graded similarity of two meanings, 0 to 5, after the guideline of the STS tasks (Agirre et al. 2012): 5 the same; 4
 * to 5 one says a little less; 3 to 4 a detail differs; 2 some details are shared, but another takes part or the two
 * contradict each other; 1 only the topic; 0 nothing in common.
 */
export function similarity(left: Meaning, right: Meaning): number {
  const score = rawScore(left, right);
  return Math.round(score * 10) / 10;
}

function rawScore(left: Meaning, right: Meaning): number {
  if (left.domain !== right.domain) return 0;
  if (left.kind === "clause" && right.kind === "clause") return clauseScore(left, right);
  if (left.kind === "state" && right.kind === "state") return stateScore(left, right);
  if (left.kind === "comparison" && right.kind === "comparison") return comparisonScore(left, right);
  if (left.kind === "sequence" && right.kind === "sequence") return sequenceScore(left, right);
  return SAME_TOPIC - 0.4;
}
