export type Shell = "bash" | "zsh" | "fish";

interface Words {
  /** Such as `run submit`. */
  name: string;
  /** Such as `--model`. */
  options: readonly string[];
}

/** Scripts that complete the words of commands and their options, and names of files for all else. */
export const completionScripts: Record<Shell, (commands: readonly Words[]) => string> = {
  bash: (commands) => `_espalier() {
  local words line current=\${COMP_WORDS[COMP_CWORD]}
  line="\${COMP_WORDS[*]:1:COMP_CWORD-1} "
${cases(commands)}
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _espalier espalier`,
  zsh: (commands) => `_espalier() {
  local words line
  line="\${\${(j: :)\${(@)words[2,CURRENT-1]}}} "
${cases(commands)}
  compadd -- \${=words} || _files
}
compdef _espalier espalier`,
  fish: (commands) =>
    [
      "function __espalier_after",
      "  set -l line (commandline -opc)",
      '  test (count $line) -gt (count $argv); and test "$line[2..(math 1 + (count $argv))]" = "$argv"',
      "end",
      ...nextWords(commands).flatMap(([before, words]) =>
        before === ""
          ? [`complete -c espalier -n 'test (count (commandline -opc)) = 1' -f -a '${words.join(" ")}'`]
          : [
              `complete -c espalier -n 'test "$(commandline -opc)" = "espalier ${before}"' -f -a '${words.join(" ")}'`,
            ],
      ),
      ...commands.map(
        ({ name, options }) => `complete -c espalier -n '__espalier_after ${name}' -a '${options.join(" ")}'`,
      ),
    ].join("\n"),
};

/** What may follow each beginning of a command: `""` → `up demo run …`, `"run"` → `submit list …`. */
function nextWords(commands: readonly Words[]): [before: string, words: string[]][] {
  const next = new Map<string, Set<string>>([["", new Set()]]);
  for (const { name } of commands) {
    const [noun = "", verb] = name.split(" ");
    next.get("")!.add(noun);
    if (verb !== undefined) next.set(noun, (next.get(noun) ?? new Set()).add(verb));
  }
  return [...next].map(([before, words]) => [before, [...words]]);
}

/** A `case` over the words before the one that is completed; longer commands come first. */
function cases(commands: readonly Words[]): string {
  const whole = commands.toSorted((a, b) => b.name.length - a.name.length);
  return [
    '  case "$line" in',
    ...whole.map(({ name, options }) => `    "${name} "*) words="${options.join(" ")}" ;;`),
    ...nextWords(commands)
      .filter(([before]) => before !== "")
      .map(([before, words]) => `    "${before} ") words="${words.join(" ")}" ;;`),
    `    " "|"") words="${nextWords(commands)[0]![1].join(" ")}" ;;`,
    "    *) words= ;;",
    "  esac",
  ].join("\n");
}
