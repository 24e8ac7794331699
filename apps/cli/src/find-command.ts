import { UsageError, type Command } from "./command.ts";
import { commands, groups } from "./commands/index.ts";
import { commandHelp, nounHelp, overview } from "./help.ts";
import { closest, meant } from "./terminal/closest.ts";

/** Commands that had other names. */
const former: Readonly<Record<string, string>> = { "schedule remove": "schedule rm" };

/** The command with the most words that the line begins with. */
export function findCommand(args: readonly string[]): Command | undefined {
  const fits = (command: Command) => command.name.split(" ").every((word, i) => args[i] === word);
  return commands.filter(fits).sort((a, b) => b.name.length - a.name.length)[0];
}

/**
 * The help that is asked for by words that are no command alone: `help`, `help run submit`, `run --help`.
 * @throws {UsageError} for words that ask for nothing
 */
export function helpOf(args: readonly string[]): string {
  const words = args.filter((word) => !word.startsWith("-"));
  const asked = args.length === 0 || words[0] === "help" || args.includes("--help") || args.includes("-h");
  if (words[0] === "help") words.shift();
  if (words.length === 0 && asked) return overview(groups);
  const command = findCommand(words);
  if (command && asked) return commandHelp(command);
  const below = commands.filter(({ name }) => name.startsWith(`${words[0]} `));
  if (words.length === 1 && below.length > 0 && asked) return nounHelp(below);
  throw unknownCommand(words.length > 0 ? words : args, below);
}

/** @param below commands whose first word is known */
function unknownCommand(words: readonly string[], below: readonly Command[]): UsageError {
  const [noun = "", verb] = words;
  const verbs = below.map(({ name }) => name.slice(noun.length + 1));
  if (verb === undefined && verbs.length > 0)
    return new UsageError(`\`espalier ${noun}\` needs one more word: ${verbs.join(", ")}`);
  const given = words.slice(0, 2).join(" ");
  if (Object.hasOwn(former, given))
    return new UsageError(`\`${given}\` has another name: write \`${former[given]}\``);
  const names = commands.map(({ name }) => name);
  const nouns = names.map((name) => name.split(" ")[0]!);
  // The second word may be an argument, or the slip may be in the first.
  const likely = [closest(given, names), closest(noun, names), closest(noun, nouns)].find(
    ({ length }) => length > 0,
  );
  return new UsageError(`there is no command \`${given}\``, {
    hint:
      verbs.length > 0 && likely?.includes(noun)
        ? `\`${noun}\` has ${verbs.join(", ")}`
        : meant(likely ?? []),
  });
}
