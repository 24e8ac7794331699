/** English word forms: only as much morphology as the demo's lexicon needs. */

const IRREGULAR_VERBS: Readonly<Record<string, readonly [past: string, participle: string]>> = {
  become: ["became", "become"],
  begin: ["began", "begun"],
  beat: ["beat", "beaten"],
  bend: ["bent", "bent"],
  bring: ["brought", "brought"],
  break: ["broke", "broken"],
  build: ["built", "built"],
  buy: ["bought", "bought"],
  catch: ["caught", "caught"],
  come: ["came", "come"],
  cut: ["cut", "cut"],
  dig: ["dug", "dug"],
  draw: ["drew", "drawn"],
  drive: ["drove", "driven"],
  eat: ["ate", "eaten"],
  fall: ["fell", "fallen"],
  feed: ["fed", "fed"],
  find: ["found", "found"],
  flee: ["fled", "fled"],
  fly: ["flew", "flown"],
  forget: ["forgot", "forgotten"],
  forbid: ["forbade", "forbidden"],
  get: ["got", "got"],
  give: ["gave", "given"],
  go: ["went", "gone"],
  grow: ["grew", "grown"],
  have: ["had", "had"],
  hear: ["heard", "heard"],
  hide: ["hid", "hidden"],
  hit: ["hit", "hit"],
  hold: ["held", "held"],
  keep: ["kept", "kept"],
  lay: ["laid", "laid"],
  leave: ["left", "left"],
  lead: ["led", "led"],
  lend: ["lent", "lent"],
  let: ["let", "let"],
  lie: ["lay", "lain"],
  light: ["lit", "lit"],
  lose: ["lost", "lost"],
  make: ["made", "made"],
  mislay: ["mislaid", "mislaid"],
  mistake: ["mistook", "mistaken"],
  misunderstand: ["misunderstood", "misunderstood"],
  put: ["put", "put"],
  read: ["read", "read"],
  ring: ["rang", "rung"],
  run: ["ran", "run"],
  say: ["said", "said"],
  see: ["saw", "seen"],
  sell: ["sold", "sold"],
  send: ["sent", "sent"],
  sew: ["sewed", "sewn"],
  set: ["set", "set"],
  shake: ["shook", "shaken"],
  show: ["showed", "shown"],
  shut: ["shut", "shut"],
  sing: ["sang", "sung"],
  sink: ["sank", "sunk"],
  sleep: ["slept", "slept"],
  speak: ["spoke", "spoken"],
  spit: ["spat", "spat"],
  spread: ["spread", "spread"],
  stand: ["stood", "stood"],
  steal: ["stole", "stolen"],
  strike: ["struck", "struck"],
  sweep: ["swept", "swept"],
  swim: ["swam", "swum"],
  take: ["took", "taken"],
  teach: ["taught", "taught"],
  tear: ["tore", "torn"],
  tell: ["told", "told"],
  think: ["thought", "thought"],
  throw: ["threw", "thrown"],
  understand: ["understood", "understood"],
  unwrap: ["unwrapped", "unwrapped"],
  wake: ["woke", "woken"],
  wear: ["wore", "worn"],
  weave: ["wove", "woven"],
  weep: ["wept", "wept"],
  win: ["won", "won"],
  withhold: ["withheld", "withheld"],
  write: ["wrote", "written"],
};

const IRREGULAR_PLURALS: Readonly<Record<string, string>> = {
  aircraft: "aircraft",
  child: "children",
  crayfish: "crayfish",
  deer: "deer",
  fish: "fish",
  foot: "feet",
  goose: "geese",
  knife: "knives",
  leaf: "leaves",
  loaf: "loaves",
  mouse: "mice",
  sheep: "sheep",
  shelf: "shelves",
  scarf: "scarves",
  tooth: "teeth",
  wife: "wives",
  wolf: "wolves",
};

const NUMBERS = [
  "no",
  "one",
  "two",
  "three",
  "four",
  "five",
  "six",
  "seven",
  "eight",
  "nine",
  "ten",
  "eleven",
  "twelve",
];

/** Spells 0 to 12; larger numbers stay digits. */
export function spell(count: number): string {
  return NUMBERS[count] ?? String(count);
}

function inflectFirst(phrase: string, inflect: (word: string) => string): string {
  const [first = "", ...rest] = phrase.split(" ");
  return [inflect(first), ...rest].join(" ");
}

const doubles = (word: string): boolean =>
  /^[^aeiou]*[aeiou][bdgklmnprt]$/u.test(word) && !/[wxy]$/u.test(word);

function regularPast(word: string): string {
  if (word.endsWith("e")) return `${word}d`;
  if (/[^aeiou]y$/u.test(word)) return `${word.slice(0, -1)}ied`;
  return doubles(word) ? `${word}${word.at(-1)}ed` : `${word}ed`;
}

/** `pick up` gives `picked up`. */
export function past(verb: string): string {
  return inflectFirst(verb, (word) => IRREGULAR_VERBS[word]?.[0] ?? regularPast(word));
}

export function participle(verb: string): string {
  return inflectFirst(verb, (word) => IRREGULAR_VERBS[word]?.[1] ?? regularPast(word));
}

/** Third person singular, present. */
export function third(verb: string): string {
  return inflectFirst(verb, (word) => {
    if (word === "have") return "has";
    if (/(?:s|x|z|ch|sh|go)$/u.test(word)) return `${word}es`;
    if (/[^aeiou]y$/u.test(word)) return `${word.slice(0, -1)}ies`;
    return `${word}s`;
  });
}

export function gerund(verb: string): string {
  return inflectFirst(verb, (word) => {
    if (/[^e]e$/u.test(word)) return `${word.slice(0, -1)}ing`;
    return doubles(word) ? `${word}${word.at(-1)}ing` : `${word}ing`;
  });
}

/** `fishing net` gives `fishing nets`: the last word is the head. */
export function plural(noun: string): string {
  const words = noun.split(" ");
  const head = words.at(-1) ?? "";
  words[words.length - 1] = IRREGULAR_PLURALS[head] ?? regularPlural(head);
  return words.join(" ");
}

function regularPlural(word: string): string {
  if (/(?:s|x|z|ch|sh)$/u.test(word)) return `${word}es`;
  if (word.endsWith("man")) return `${word.slice(0, -2)}en`;
  if (/[^aeiou]y$/u.test(word)) return `${word.slice(0, -1)}ies`;
  if (/(?:tomato|potato|hero)$/u.test(word)) return `${word}es`;
  return `${word}s`;
}

export function withArticle(phrase: string): string {
  return /^(?:[aeio]|u(?!ni|se))/u.test(phrase) ? `an ${phrase}` : `a ${phrase}`;
}

/** `hot` gives `hotter`, `expensive` gives `more expensive`. */
export function comparative(adjective: string): string {
  if (adjective === "good") return "better";
  if (adjective === "bad") return "worse";
  if (/[^aeiou]y$/u.test(adjective) && adjective.length < 8) return `${adjective.slice(0, -1)}ier`;
  const syllables = adjective.match(/[aeiouy]+/gu)?.length ?? 1;
  if (adjective.endsWith("e")) return syllables > 2 ? `more ${adjective}` : `${adjective}r`;
  if (syllables > 1) return `more ${adjective}`;
  return doubles(adjective) && !/ld$|rk$/u.test(adjective)
    ? `${adjective}${adjective.at(-1)}er`
    : `${adjective}er`;
}

export function sentenceCase(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
