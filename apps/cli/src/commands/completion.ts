import { commonOptions, defineCommand, UsageError, type Command } from "../command.ts";
import { completionScripts, type Shell } from "../terminal/completion.ts";
import { exitCode } from "../exit-code.ts";

const shells = Object.keys(completionScripts) as Shell[];

export const completion = defineCommand({
  name: "completion",
  arguments: "SHELL",
  summary: "a script by which bash, zsh or fish completes commands and options",
  help: [
    'bash: add this line to ~/.bashrc:  eval "$(espalier completion bash)"',
    'zsh:  add this line to ~/.zshrc, after compinit:  eval "$(espalier completion zsh)"',
    "fish: espalier completion fish > ~/.config/fish/completions/espalier.fish",
  ],
  examples: ["espalier completion bash", "espalier completion zsh", "espalier completion fish"],
  arity: [1, 1],
  options: {},
  async run({ output, commands }, _values, [given = ""]) {
    const shell = shells.find((each) => each === given);
    if (shell === undefined)
      throw new UsageError(`there is a script for ${shells.join(", ")}, not for \`${given}\``);
    output.print(completionScripts[shell](commands.map(wordsOf)));
    return exitCode.ok;
  },
});

const wordsOf = ({ name, options }: Command) => ({
  name,
  options: Object.keys({ ...options, ...commonOptions }).map((option) => `--${option}`),
});
