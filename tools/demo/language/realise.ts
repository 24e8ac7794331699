import type { Random } from "../random.ts";
import type { Clause, Comparison, Meaning, Sequence, State } from "./meaning.ts";
import { active, be, beNegated, nounPhrase, passive, pronoun, word, type Subject } from "./phrase.ts";
import { comparative, sentenceCase } from "./words.ts";

/** How a clause is told: from whose side, and what is put in front. */
export type View = "active" | "dative" | "passive" | "converse" | "cleft" | "object cleft" | "denial";

/** The ways in which a clause can be told without changing what it says. */
export function views(clause: Clause): View[] {
  const { action, reversed, negated, theme, other } = clause;
  const out: View[] = ["active"];
  if (theme !== undefined) out.push("passive");
  if (other !== undefined && action.dative && !reversed) out.push("dative");
  if (other !== undefined && action.converse.length > 0 && !reversed) out.push("converse");
  if (negated) out.push("denial");
  else if (theme !== undefined) out.push("cleft", "object cleft");
  else out.push("cleft");
  return out;
}

/** The verb to use, its polarity settled: not forgetting is remembering. */
function verbOf(rng: Random, clause: Clause): { verb: string; negated: boolean } {
  const { action, reversed, negated } = clause;
  const turn = action.binary && rng.chance(negated ? 0.5 : 0.2);
  return {
    verb: rng.pick(reversed !== turn ? action.undo : action.forms),
    negated: turn ? !negated : negated,
  };
}

/** Subject, verb and objects, without circumstances. */
function core(rng: Random, clause: Clause, view: View, agent: Subject): string {
  const { action, tense, theme, other } = clause;
  const { verb, negated } = verbOf(rng, clause);
  const object = theme === undefined ? undefined : nounPhrase(rng, theme);
  const person = other === undefined ? undefined : nounPhrase(rng, other).text;
  const tool =
    clause.tool === undefined ? [] : ["with", nounPhrase(rng, { noun: clause.tool, count: 1 }, "a").text];
  const toward = person === undefined || action.toward === undefined ? [] : [action.toward, person];
  const said = (...parts: readonly (string | undefined)[]): string =>
    [...parts, ...tool].filter((part) => part !== undefined && part !== "").join(" ");
  switch (view) {
    case "active":
      return said(agent.text, active(rng, verb, tense, agent.plural, negated), object?.text, ...toward);
    case "dative":
      return said(agent.text, active(rng, verb, tense, agent.plural, negated), person, object?.text);
    case "passive": {
      if (object === undefined) break;
      return said(
        object.text,
        passive(rng, verb, tense, object.plural, negated),
        ...toward,
        "by",
        agent.text,
      );
    }
    case "converse": {
      const many = (other?.count ?? 1) > 1;
      const taken = active(rng, rng.pick(action.converse), tense, many, clause.negated);
      return said(person, taken, object?.text, "from", agent.text);
    }
    case "cleft": {
      const who = clause.agent.noun.person ? "who" : "that";
      const start = rng.pick([
        `it ${be(tense, false)} ${agent.text} ${who}`,
        `${agent.text} ${be(tense, agent.plural)} the one ${who}`,
      ]);
      const verbs = active(rng, verb, tense, agent.plural, negated);
      return said(
        agent.plural ? `it ${be(tense, false)} ${agent.text} ${who}` : start,
        verbs,
        object?.text,
        ...toward,
      );
    }
    case "object cleft": {
      const verbs = active(rng, verb, tense, agent.plural, negated);
      return said("what", agent.text, verbs, ...toward, be(tense, object?.plural ?? false), object?.text);
    }
    case "denial": {
      const told = core(rng, { ...clause, negated: false }, "active", agent);
      return rng.pick([
        `it is not true that ${told}`,
        `it is false that ${told}`,
        `it is wrong to say that ${told}`,
      ]);
    }
  }
  throw new RangeError(`a clause without a theme has no ${view} view`);
}

/** The full sentence without capital and full stop. `agent` replaces the agent's noun phrase, as by a pronoun. */
export function tell(rng: Random, clause: Clause, view: View, agent?: Subject): string {
  const main = core(rng, clause, view, agent ?? nounPhrase(rng, clause.agent));
  const { place, time, manner, reason } = clause;
  const where =
    place === undefined
      ? ""
      : `${clause.action.goal ? "to" : place.preposition} the ${rng.pick(place.forms)}`;
  const when = time === undefined ? "" : rng.pick(time.forms);
  const how = manner === undefined ? "" : word(rng, manner);
  const fronted = view === "denial" ? 0 : rng.weighted({ 0: 5, 1: 3, 2: clause.action.goal ? 0 : 2 });
  const why = reason === undefined ? "" : `because ${whoWas(clause)} ${word(rng, reason)}`;
  const order = rng.chance(0.5) ? [where, when] : [when, where];
  const rest = order.filter(
    (part) => !(fronted === "1" && part === when) && !(fronted === "2" && part === where),
  );
  const front = fronted === "1" ? when : fronted === "2" ? where : "";
  const body = [main, how, ...rest, why].filter((part) => part !== "").join(" ");
  return front === "" ? body : `${front}, ${body}`;
}

const whoWas = ({ agent }: Clause): string => {
  const { text, plural } = pronoun(agent);
  return `${text} ${plural ? "were" : "was"}`;
};

function tellState(rng: Random, state: State): string {
  const { theme, quality, tense, time } = state;
  const subject = nounPhrase(rng, theme, "the");
  const turn = quality.of.binary && rng.chance(0.3);
  const adjective = word(rng, turn ? { of: quality.of, side: quality.side === 0 ? 1 : 0 } : quality);
  const negated = state.negated !== turn;
  const verb = negated ? beNegated(rng, tense, subject.plural) : be(tense, subject.plural);
  const when = time === undefined ? "" : rng.pick(time.forms);
  const degree =
    !negated && !quality.of.binary && rng.chance(0.3) ? rng.pick(["very ", "really ", "quite "]) : "";
  const body = `${subject.text} ${verb} ${degree}${adjective}`;
  if (when === "") return body;
  return rng.chance(0.5) ? `${when}, ${body}` : `${body} ${when}`;
}

function tellComparison(rng: Random, { more, less, scale, tense }: Comparison): string {
  const turn = rng.chance(0.5);
  const [subject, standard] = turn ? [less, more] : [more, less];
  const left = nounPhrase(rng, subject, "the").text;
  const right = nounPhrase(rng, standard, "the").text;
  const own = word(rng, turn ? { of: scale.of, side: scale.side === 0 ? 1 : 0 } : scale);
  const opposite = word(rng, turn ? scale : { of: scale.of, side: scale.side === 0 ? 1 : 0 });
  const is = be(tense, false);
  return rng.pick([
    `${left} ${is} ${comparative(own)} than ${right}`,
    `${left} ${is} ${comparative(own)} than ${right}`,
    `${left} ${is} not as ${opposite} as ${right}`,
    `compared with ${right}, ${left} ${is} ${own}`,
  ]);
}

function tellSequence(rng: Random, { first, second }: Sequence): string {
  const named = nounPhrase(rng, first.agent);
  const again = pronoun(first.agent);
  const one = (subject: Subject): string => tell(rng, first, "active", subject);
  const two = (subject: Subject): string => tell(rng, second, "active", subject);
  return rng.pick([
    () => `${one(named)} before ${two(again)}`,
    () => `before ${two(named)}, ${one(again)}`,
    () => `after ${one(named)}, ${two(again)}`,
    () => `${two(named)} after ${one(again)}`,
    () => `first ${one(named)}, and then ${two(again)}`,
  ])();
}

/** Any wording of a meaning, without capital and full stop. */
export function say(rng: Random, meaning: Meaning): string {
  switch (meaning.kind) {
    case "clause":
      return tell(rng, meaning, rng.pick(views(meaning)));
    case "state":
      return tellState(rng, meaning);
    case "comparison":
      return tellComparison(rng, meaning);
    case "sequence":
      return tellSequence(rng, meaning);
  }
}

/** A plain wording: active voice, for hard negatives that stay close to another plain sentence. */
export const sayPlainly = (rng: Random, meaning: Meaning): string =>
  meaning.kind === "clause" ? tell(rng, meaning, "active") : say(rng, meaning);

const OPENINGS = [
  "I heard that",
  "people say that",
  "everyone knows that",
  "it seems that",
  "as you know,",
] as const;

/** A sentence; now and then with an opening that changes nothing. */
export function sentence(rng: Random, text: string, openings = 0): string {
  return sentenceCase(`${rng.chance(openings) ? `${rng.pick(OPENINGS)} ${text}` : text}.`);
}

/** The state of affairs that an action leaves behind, if it leaves one: "the soup was ready". */
export function aftermath(rng: Random, clause: Clause): string | undefined {
  const { action, theme, agent, reversed, negated } = clause;
  if (action.leaves.length === 0 || reversed || negated) return undefined;
  const subject = nounPhrase(rng, theme ?? agent, "the");
  return `${subject.text} ${be(clause.tense, subject.plural)} ${rng.pick(action.leaves)}`;
}
