import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { commands } from "./commands/index.ts";
import { espalier } from "./testing/espalier.ts";

const failure = async (...args: string[]): Promise<string> => {
  const { code, out, err } = await espalier(args);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  return err;
};

test.each([
  ["run lits", "there is no command `run lits`", "did you mean `run list`?"],
  ["model improt hf:a/b", "there is no command `model improt`", "did you mean `model import`?"],
  ["quue", "there is no command `quue`", "did you mean `queue`?"],
  ["runs", "there is no command `runs`", "did you mean `run`?"],
  ["run frobnicate", "there is no command `run frobnicate`", "`run` has submit, list, show"],
  [
    "dataset",
    "`espalier dataset` needs one more word: add, list, show, rm",
    "`espalier help` lists the commands",
  ],
  ["nonsense", "there is no command `nonsense`", "`espalier help` lists the commands"],
  ["run list --sate X", "`run list` has no option --sate", "did you mean `--state`?"],
  ["run list --quux", "`run list` has no option --quux", "`espalier run list --help` lists its options"],
  ["schedule remove weekly", "`schedule remove` has another name: write `schedule rm`", ""],
])("of `%s` it says what was meant", async (line, what, hint) => {
  const err = await failure(...line.split(" "));
  expect(err).toContain(`error usage: ${what}`);
  expect(err).toContain(hint);
});

test.each([
  ["prune a b --layers 30%", "--layers has another name: write --drop 30%"],
  ["prune a b --layers=12", "--layers has another name: write --keep 12"],
  ["l3prune a --batch 16", "--batch has another name: write --set batchSize=16"],
  ["experiment submit --train steps=6", "--train has another name: write --set training.steps=6"],
  ["run list --created-by ann", "--created-by has another name: write --user ann"],
  ["demo --steps 6", "--steps has another name: write --set training.steps=6"],
])("`%s` names the option of today", async (line, said) => {
  expect(await failure(...line.split(" "))).toContain(said);
});

test("help of a word lists its commands, and of a command its options and examples", async () => {
  for (const args of [
    ["help", "run"],
    ["run", "--help"],
  ]) {
    const { code, out } = await espalier(args);
    expect(code).toBe(0);
    expect(out.split("\n").filter((line) => line.startsWith("  run ")).length).toBeGreaterThan(8);
  }
  for (const args of [
    ["help", "run", "submit"],
    ["run", "submit", "--help"],
  ])
    expect((await espalier(args)).out).toContain("Examples:");
});

test("no line of the overview is wider than a terminal of 80 columns", async () => {
  const { out } = await espalier(["help"]);
  expect(out.split("\n").filter((line) => line.length > 80)).toEqual([]);
});

/** The words that bash would offer after a line. */
async function offered(line: string): Promise<string[]> {
  const { out } = await espalier(["completion", "bash"]);
  const words = line.split(" ");
  const script = `${out}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}
_espalier; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await promisify(execFile)("bash", ["-c", script]);
  return stdout.split("\n").filter(Boolean);
}

test("bash is offered nouns, verbs and options", async () => {
  const nouns = new Set(commands.map(({ name }) => name.split(" ")[0]));
  expect(new Set(await offered("espalier "))).toEqual(nouns);
  expect(await offered("espalier dataset ")).toEqual(["add", "list", "show", "rm"]);
  expect(await offered("espalier run su")).toEqual(["submit"]);
  expect(await offered("espalier run submit train --wal")).toEqual(["--wall-time"]);
  expect(await offered("espalier prune model --k")).toEqual(["--keep", "--key"]);
});

test.each(["zsh", "fish"])("%s has a script that names every command", async (shell) => {
  const { code, out } = await espalier(["completion", shell]);
  expect(code).toBe(0);
  for (const { name } of commands) expect(out).toContain(name.split(" ")[0]);
  const found = await promisify(execFile)(shell, ["--version"]).then(
    () => true,
    () => false,
  );
  if (found) await promisify(execFile)(shell, ["-n", "-c", out]);
});

test("there is no script for other shells", async () => {
  expect(await failure("completion", "powershell")).toContain("there is a script for bash, zsh, fish");
});
