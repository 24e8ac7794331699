/**
 * How a field of life is written down. Words that mean the same are joined by `|`, entries are separated by `, `.
 * A noun ending in `*` is a mass noun (some soup). Qualities pair opposites: `a:b` leaves a middle ground,
 * `a!b` does not, so there "not a" means "b".
 */
export interface DomainSpec {
  readonly name: string;
  /** What the field is about, as a noun phrase. */
  readonly about: string;
  readonly people: string;
  /** Preposition, then the noun: `in kitchen|galley`. */
  readonly places: string;
  /** Class name → members; the class name is the more general word for each of them. */
  readonly things: Readonly<Record<string, string>>;
  /** Class name → pairs of opposite adjectives. */
  readonly qualities: Readonly<Record<string, string>>;
  readonly actions: readonly ActionSpec[];
}

export interface ActionSpec {
  readonly does: string;
  /** Class of the thing acted on; absent for intransitive actions. */
  readonly what?: string;
  /** Class of the agent; people by default. */
  readonly who?: string;
  /** Class of the tool, introduced by "with". */
  readonly using?: string;
  /** The action goes to another person, introduced by this word. */
  readonly toward?: "to" | "for";
  /** Whether "give Anna the book" is said beside "give the book to Anna". */
  readonly dative?: true;
  /** The same event told from the other person's side: `sell to` is `buy from`. */
  readonly converse?: string;
  /** The opposite action. */
  readonly undo?: string;
  /** Whether not doing it is the opposite: who does not remember, forgets. */
  readonly binary?: true;
  /** What is true of the thing (or, if there is none, of the agent) afterwards. */
  readonly leaves?: string;
  /** Whether a place can be its goal: "went to the harbour". */
  readonly goal?: true;
}
