import type { Random } from "../random.ts";
import { DOMAINS, NAMES, type Domain, type Noun, type Tense } from "./lexicon.ts";
import {
  heldOut,
  sampleClause,
  sampleComparison,
  sampleMeaning,
  samplePerson,
  sampleSequence,
  sampleState,
  type Clause,
  type Entity,
  type Meaning,
} from "./meaning.ts";
import { active, be, nounPhrase, pronoun } from "./phrase.ts";
import { aftermath, say, sentence, tell, views } from "./realise.ts";
import { changeParticipant, contradict, generalise } from "./relate.ts";
import { gerund, plural, spell, withArticle } from "./words.ts";

/** Draws until the gist belongs to the training text. */
export function seen<M extends Meaning>(draw: () => M): M {
  for (;;) {
    const meaning = draw();
    if (!heldOut(meaning)) return meaning;
  }
}

const join = (...sentences: readonly (string | undefined)[]): string =>
  sentences.filter((text) => text !== undefined).join(" ");

/** One person lives through several events of one field; what has been said stays true. */
function story(rng: Random): string {
  const domain = rng.pick(DOMAINS);
  const job = rng.pick(domain.people);
  const hero: Entity = { noun: rng.pick(NAMES), count: 1 };
  const name = hero.noun.id;
  const place = rng.pick(domain.places);
  const title = rng.pick(job.forms);
  const lines = [
    rng.pick([
      `${name} is ${withArticle(title)}.`,
      `${name} was ${withArticle(title)} who worked ${place.preposition} the ${rng.pick(place.forms)}.`,
      `There was once ${withArticle(title)} called ${name}.`,
    ]),
  ];
  const told: Clause[] = [];
  for (let count = 2 + rng.below(4); count > 0; count--) {
    const clause = seen(() => sampleClause(rng, domain, 0.6, { agent: hero, tense: "past" }));
    told.push(clause);
    const subject = rng.chance(0.7) ? pronoun(hero) : { text: name, plural: false };
    const link =
      told.length > 1 && rng.chance(0.4) ? rng.pick(["then ", "after that, ", "later, ", "next, "]) : "";
    lines.push(sentence(rng, link + tell(rng, clause, "active", subject)));
    const effect = aftermath(rng, clause);
    if (effect !== undefined && rng.chance(0.6))
      lines.push(sentence(rng, rng.pick(["so ", "now ", ""]) + effect));
  }
  const memory = rng.pick(told);
  lines.push(
    rng.pick([
      sentence(rng, `in short, ${say(rng, memory)}`),
      sentence(rng, `that day ${say(rng, { ...memory, time: undefined })}`),
      `${name} loved the world of ${domain.about}.`,
    ]),
  );
  return lines.join(" ");
}

/** Something is said, and then said again, qualified, or corrected. */
function restatement(rng: Random): string {
  const meaning = seen(() => sampleMeaning(rng));
  const first = sentence(rng, say(rng, meaning), 0.1);
  const way = rng.weighted({ again: 5, general: 3, wrong: 3, mistaken: 2 });
  switch (way) {
    case "again":
      return `${first} ${sentence(rng, `${rng.pick(["in other words,", "that is,", "this means that", "put differently,"])} ${say(rng, meaning)}`)}`;
    case "general": {
      const general = generalise(rng, meaning);
      if (general === undefined) return first;
      return `${first} ${sentence(rng, `${rng.pick(["so", "in short,", "therefore"])} ${say(rng, general)}`)}`;
    }
    case "wrong": {
      const wrong = contradict(rng, meaning);
      return `${first} ${sentence(rng, `${rng.pick(["so it is wrong that", "so nobody can say that", "it would be a lie that"])} ${say(rng, wrong)}`)}`;
    }
    case "mistaken": {
      const wrong = seen(() => changeParticipant(rng, meaning));
      return `${sentence(rng, `some say that ${say(rng, wrong)}`)} ${sentence(rng, `they are mistaken: ${say(rng, meaning)}`)}`;
    }
  }
}

const question = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}?`;

/** Two people talk about one event: who, what, where, when, and whether. */
function dialogue(rng: Random): string {
  const domain = rng.pick(DOMAINS);
  const clause = seen(() => sampleClause(rng, domain));
  const [asker, answerer] = rng
    .shuffle(NAMES)
    .filter(({ id }) => id !== clause.agent.noun.id && id !== clause.other?.noun.id);
  const asked = (text: string): string => `"${question(text)}" ${rng.pick(["asked", "said"])} ${asker?.id}.`;
  const answered = (text: string): string =>
    `"${sentence(rng, text).slice(0, -1)}," ${rng.pick(["answered", "said"])} ${answerer?.id}.`;
  const { action, tense, reversed, place, time, theme } = clause;
  const verb = rng.pick(reversed ? action.undo : action.forms);
  const full = say(rng, clause);
  const kind = rng.weighted({
    who: 3,
    where: place === undefined ? 0 : 2,
    when: time === undefined ? 0 : 2,
    whether: 4,
    what: theme === undefined ? 0 : 3,
  });
  const aux = tense === "past" ? "did" : tense === "future" ? "will" : clause.agent.count > 1 ? "do" : "does";
  const agent = nounPhrase(rng, clause.agent, "the").text;
  const object = theme === undefined ? "" : ` ${nounPhrase(rng, theme, "the").text}`;
  switch (kind) {
    case "who":
      return `${asked(`who ${active(rng, verb, tense, false, false)}${object}`)} ${answered(full)}`;
    case "what":
      return `${asked(`what ${aux} ${agent} ${verb}`)} ${answered(full)}`;
    case "where":
      return `${asked(`where ${aux} ${agent} ${verb}${object}`)} ${answered(full)}`;
    case "when":
      return `${asked(`when ${aux} ${agent} ${verb}${object}`)} ${answered(full)}`;
    case "whether": {
      const yes = `${asked(`${aux} ${agent} ${verb}${object}`)} ${answered(`yes, ${full}`)}`;
      if (rng.chance(0.5)) return yes;
      const opposite = contradict(rng, { ...clause, other: undefined });
      return `${asked(`${aux} ${agent} ${verb}${object}`)} ${answered(`no, ${say(rng, opposite)}`)}`;
    }
  }
}

const some = (rng: Random, noun: Noun): string => {
  const form = rng.pick(noun.forms);
  return noun.mass ? form : withArticle(form);
};

/** What words mean: kinds, synonyms, opposites, where things belong and what people do with them. */
function definition(rng: Random, domain: Domain = rng.pick(DOMAINS)): string {
  const [className, members] = rng.pick([...domain.things]);
  const { noun, qualities } = rng.pick(members);
  const action = rng.pick(domain.actions);
  const person = rng.pick(domain.people);
  const place = rng.pick(domain.places);
  const [one, two] = rng.shuffle(noun.forms);
  const lines: (() => string | undefined)[] = [
    () => (noun.general === undefined ? undefined : `${some(rng, noun)} is a kind of ${noun.general.id}`),
    () => (two === undefined ? undefined : `${one} is another word for ${two}`),
    () => (two === undefined ? undefined : `${withArticle(one ?? "")} is the same as ${withArticle(two)}`),
    () => `${withArticle(rng.pick(person.forms))} knows all about ${domain.about}`,
    () =>
      `${withArticle(rng.pick(person.forms))} is often seen ${place.preposition} the ${rng.pick(place.forms)}`,
    () =>
      noun.mass || className.startsWith("_")
        ? undefined
        : `${plural(rng.pick(noun.forms))} have to do with ${domain.about}`,
    () =>
      `when you speak of ${domain.about}, you may mention ${some(rng, noun)} and ${withArticle(rng.pick(person.forms))}`,
    () => {
      if (qualities.length === 0) return undefined;
      const { sides, binary } = rng.pick(qualities);
      const [left, right] = rng.shuffle(sides);
      if (left === undefined || right === undefined) return undefined;
      const [a, b] = [rng.pick(left.forms), rng.pick(right.forms)];
      const rule = binary ? `what is not ${a} is ${b}` : `nothing can be both ${a} and ${b}`;
      return rng.pick([`the opposite of ${a} is ${b}`, rule, `${some(rng, noun)} may be ${a} or ${b}`]);
    },
    () => {
      const [left, right] = rng.shuffle(action.forms);
      return right === undefined ? undefined : `to ${left} means to ${right}`;
    },
    () =>
      action.undo.length === 0
        ? undefined
        : `the opposite of ${gerund(rng.pick(action.forms))} is ${gerund(rng.pick(action.undo))}`,
    () =>
      action.converse.length === 0
        ? undefined
        : `when somebody is there to ${rng.pick(action.forms)}, somebody else can ${rng.pick(action.converse)}`,
  ];
  return rng
    .shuffle(lines)
    .flatMap((line) => line() ?? [])
    .slice(0, 1 + rng.below(3))
    .map((line) => sentence(rng, line))
    .join(" ");
}

/** Several people at one place; one of the events is recalled at the end. */
function report(rng: Random): string {
  const domain = rng.pick(DOMAINS);
  const tense = rng.pick<Tense>(["past", "past", "present", "future"]);
  const place = rng.pick(domain.places);
  const events: Clause[] = [];
  while (events.length < 3) {
    const agent = samplePerson(rng, domain);
    const clause = seen(() => sampleClause(rng, domain, 0.3, { agent, tense }));
    if (events.every((known) => known.agent.noun.id !== agent.noun.id)) events.push(clause);
  }
  const happen = { past: "much happened", present: "there is much to see", future: "much will happen" }[
    tense
  ];
  const recalled = rng.pick(events);
  return join(
    sentence(rng, `${place.preposition} the ${rng.pick(place.forms)}, ${happen}`),
    ...events.map((event) => sentence(rng, say(rng, event))),
    `${question(`who ${active(rng, rng.pick(recalled.reversed ? recalled.action.undo : recalled.action.forms), tense, false, false)}${recalled.theme === undefined ? "" : ` ${nounPhrase(rng, recalled.theme, "the").text}`}`)} ${sentence(rng, tell(rng, recalled, rng.pick(views(recalled))))}`,
  );
}

/** Small sums with things that can be counted. */
function counting(rng: Random): string {
  const domain = rng.pick(DOMAINS);
  const things = [...domain.things.values()].flat().filter(({ noun }) => !noun.mass);
  const { noun } = rng.pick(things);
  const total = 3 + rng.below(10);
  const gone = 1 + rng.below(total - 1);
  const left = total - gone;
  const person = nounPhrase(rng, { noun: samplePerson(rng, domain).noun, count: 1 }, "the").text;
  const many = (count: number): string =>
    `${rng.chance(0.7) ? spell(count) : count} ${count === 1 ? rng.pick(noun.forms) : plural(rng.pick(noun.forms))}`;
  return join(
    sentence(rng, rng.pick([`there were ${many(total)}`, `${person} had ${many(total)}`])),
    sentence(rng, `${person} ${rng.pick(["took away", "lost", "gave away"])} ${many(gone)}`),
    sentence(rng, `${many(left)} ${be("past", left > 1)} left`),
  );
}

/** A few states of things of one field. */
function description(rng: Random): string {
  const domain = rng.pick(DOMAINS);
  const lines = Array.from({ length: 2 + rng.below(2) }, () =>
    seen<Meaning>(() => rng.pick([sampleState, sampleState, sampleComparison, sampleSequence])(rng, domain)),
  );
  return lines.map((line) => sentence(rng, say(rng, line))).join(" ");
}

/** One document of the pretraining text: a sentence to a short story. Documents are endless; `rng` decides. */
export function document(rng: Random): string {
  const kind = rng.weighted({
    story: 22,
    restatement: 26,
    dialogue: 14,
    definition: 14,
    report: 8,
    counting: 4,
    description: 8,
    sentence: 4,
  });
  switch (kind) {
    case "story":
      return story(rng);
    case "restatement":
      return restatement(rng);
    case "dialogue":
      return dialogue(rng);
    case "definition":
      return definition(rng);
    case "report":
      return report(rng);
    case "counting":
      return counting(rng);
    case "description":
      return description(rng);
    case "sentence":
      return sentence(
        rng,
        say(
          rng,
          seen(() => sampleMeaning(rng)),
        ),
        0.1,
      );
  }
}
