import { HOUSE } from "./domains/house.ts";
import { LEISURE } from "./domains/leisure.ts";
import type { ActionSpec, DomainSpec } from "./domains/spec.ts";
import { WORK } from "./domains/work.ts";
import { WORLD } from "./domains/world.ts";

/** A concept and the words for it; `forms[0]` is its id. */
export interface Concept {
  readonly id: string;
  readonly forms: readonly string[];
}

export interface Noun extends Concept {
  readonly mass: boolean;
  /** Set for proper names. */
  readonly gender?: "she" | "he";
  readonly person: boolean;
  /** The more general noun, where the language has one. */
  readonly general?: Noun;
}

/** Two opposite concepts; `binary` leaves no middle ground. */
export interface Opposites {
  readonly id: string;
  readonly sides: readonly [Concept, Concept];
  readonly binary: boolean;
}

export interface Place extends Concept {
  readonly preposition: string;
}

export interface Thing {
  readonly noun: Noun;
  readonly qualities: readonly Opposites[];
}

export interface Action {
  readonly id: string;
  readonly domain: string;
  readonly forms: readonly string[];
  readonly undo: readonly string[];
  readonly converse: readonly string[];
  readonly leaves: readonly string[];
  readonly what: string | undefined;
  readonly who: string | undefined;
  readonly tools: readonly Noun[];
  readonly toward: "to" | "for" | undefined;
  readonly dative: boolean;
  readonly binary: boolean;
  readonly goal: boolean;
}

export interface Domain {
  readonly name: string;
  readonly about: string;
  readonly people: readonly Noun[];
  readonly places: readonly Place[];
  readonly things: ReadonlyMap<string, readonly Thing[]>;
  readonly actions: readonly Action[];
}

const list = (text: string): string[] => text.split(", ").filter((entry) => entry !== "");
const forms = (text: string): string[] => text.split("|");

function concept(text: string): Concept {
  const words = forms(text);
  return { id: words[0] ?? "", forms: words };
}

function noun(text: string, extra: { person?: boolean; general?: Noun } = {}): Noun {
  const mass = text.endsWith("*");
  return { ...concept(mass ? text.slice(0, -1) : text), mass, person: false, ...extra };
}

function opposites(text: string): Opposites {
  const binary = text.includes("!");
  const [left = "", right = ""] = text.split(binary ? "!" : ":");
  return { id: text, sides: [concept(left), concept(right)], binary };
}

function place(text: string): Place {
  const [preposition = "", ...rest] = text.split(" ");
  return { ...concept(rest.join(" ")), preposition };
}

function things(spec: DomainSpec): Map<string, readonly Thing[]> {
  return new Map(
    Object.entries(spec.things).map(([name, members]) => {
      const general = name.startsWith("_") ? {} : { general: noun(name) };
      const qualities = list(spec.qualities[name] ?? "").map(opposites);
      return [name, list(members).map((member) => ({ noun: noun(member, general), qualities }))];
    }),
  );
}

function action(domain: string, spec: ActionSpec, classes: ReadonlyMap<string, readonly Thing[]>): Action {
  const members = spec.using === undefined ? [] : classes.get(spec.using)?.map((thing) => thing.noun);
  return {
    id: `${domain}: ${spec.does} ${spec.what ?? ""}`,
    domain,
    forms: forms(spec.does),
    undo: spec.undo === undefined ? [] : forms(spec.undo),
    converse: spec.converse === undefined ? [] : forms(spec.converse),
    leaves: spec.leaves === undefined ? [] : forms(spec.leaves),
    what: spec.what,
    who: spec.who,
    tools: members ?? [noun(spec.using ?? "tool")],
    toward: spec.toward,
    dative: spec.dative ?? false,
    binary: spec.binary ?? false,
    goal: spec.goal ?? false,
  };
}

function domain(spec: DomainSpec): Domain {
  const classes = things(spec);
  return {
    name: spec.name,
    about: spec.about,
    people: list(spec.people).map((text) => noun(text, { person: true })),
    places: list(spec.places).map(place),
    things: classes,
    actions: spec.actions.map((entry) => action(spec.name, entry, classes)),
  };
}

export const DOMAINS: readonly Domain[] = [...HOUSE, ...WORK, ...WORLD, ...LEISURE].map(domain);

/** Throws RangeError for a name outside the lexicon. */
export function domainNamed(name: string): Domain {
  const found = DOMAINS.find((entry) => entry.name === name);
  if (found === undefined) throw new RangeError(`no domain ${name}`);
  return found;
}

const names = (text: string, gender: "she" | "he"): Noun[] =>
  list(text).map((name) => ({ id: name, forms: [name], mass: false, person: true, gender }));

export const NAMES: readonly Noun[] = [
  ...names("Anna, Mia, Clara, Lucy, Nora, Rosa, Ella, Ida, Vera, Alice, Zoe, Ruth", "she"),
  ...names("Tom, Ben, Max, Oscar, Leo, Hugo, Paul, Felix, Sam, Victor, Karl, Noah", "he"),
];

export const COLOURS: readonly string[] = list("red, blue, green, yellow, black, white, grey, brown");

export const MANNERS: readonly Opposites[] = list(
  "quickly|in a hurry:slowly|without haste, carefully|with care:carelessly|without care, " +
    "gladly|with pleasure:reluctantly|unwillingly, quietly|silently:loudly|noisily, " +
    "alone|without help:together with friends|with help, secretly|in secret:openly|in public",
).map(opposites);

/** Reasons of people, as adjectives. */
export const REASONS: readonly Opposites[] = list(
  "hungry|starving:full, tired|weary:rested, angry|furious:pleased, happy|glad:unhappy|miserable, " +
    "rich|wealthy:poor|penniless, ill|sick:well, curious|interested:bored|uninterested, afraid|scared:brave",
).map(opposites);

export const SCALES: readonly Opposites[] = list(
  "big|large:small|little, heavy:light, expensive|costly:cheap|inexpensive, old:new, pretty|beautiful:ugly",
).map(opposites);

export const PERSON_SCALES: readonly Opposites[] = list(
  "old:young, tall:short, fast|quick:slow, strong|powerful:weak, rich|wealthy:poor, clever|smart:foolish|silly",
).map(opposites);

export type Tense = "past" | "present" | "future";

export const TIMES: Readonly<Record<Tense, readonly Concept[]>> = {
  past: list(
    "yesterday|the day before, last week|a week ago, this morning|earlier today, last night, on Monday, on Friday, " +
      "in spring|in springtime, long ago|many years ago, in winter|in wintertime, at noon|at midday",
  ).map(concept),
  present: list(
    "every day|daily, every morning|each morning, on Sundays|every Sunday, every year|each year, " +
      "at night|after dark, now|at the moment, in summer|in summertime",
  ).map(concept),
  future: list(
    "tomorrow|the day after today, next week|a week from now, soon|before long, tonight, next year",
  ).map(concept),
};
