import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "../../apps/cli/src/cli.ts";
import { commands } from "../../apps/cli/src/commands/index.ts";
import { findCommand } from "../../apps/cli/src/find-command.ts";
import { examplesNotRun, notRun, runsIn } from "./ledger.ts";
import { blocksOf, examples, linesOf, mentionsOf, pages, root } from "./pages.ts";
import { wordsOf } from "./words.ts";

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
};
const blocks = (await Promise.all((await pages()).map(blocksOf)))
  .flat()
  .filter(({ language }) => ["sh", "sql", "ts"].includes(language));
const mentions = (await Promise.all((await pages()).map(mentionsOf))).flat();
const lines = blocks.filter(({ language }) => language === "sh").flatMap(({ code }) => linesOf(code));

test("every command of a page is run by a test, or has a reason why none can run it", () => {
  const unlisted = blocks
    .filter(({ place }) => runsIn[place] === undefined)
    .flatMap(({ place, language, code }) =>
      (language === "sh" ? linesOf(code) : [code])
        .filter((line) => notRun[line] === undefined)
        .map((line) => `${place}: ${line}`),
    );
  expect(unlisted).toEqual([]);
});

test("no reason and no section is left over from a line that has gone", () => {
  expect(Object.keys(notRun).filter((line) => !lines.includes(line))).toEqual([]);
  const places = new Set(blocks.map(({ place }) => place));
  expect(Object.keys(runsIn).filter((place) => !places.has(place))).toEqual([]);
  const known = examples.map(({ line }) => line);
  expect(Object.keys(examplesNotRun).filter((line) => !known.includes(line))).toEqual([]);
});

test("the tests that are said to run a page's commands read that page", () => {
  for (const [place, file] of Object.entries(runsIn)) {
    const page = place.split(": ")[0];
    expect([file, readFileSync(join(root, file), "utf8").includes(page)]).toEqual([file, true]);
  }
});

test("every command has an example", () => {
  expect(commands.filter(({ examples = [] }) => examples.length === 0).map(({ name }) => name)).toEqual([]);
});

/** `npm run demo -- …` and the like are command lines of ours. */
const ours = (line: string): string[] => {
  const [, script, rest] = /^npm (?:run )?(demo|start)(?: -- (.*))?$/.exec(line) ?? [];
  if (script !== undefined)
    return [["espalier", script === "start" ? "up" : script, rest].filter(Boolean).join(" ")];
  return line.startsWith("espalier ") ? [line] : [];
};

test("every command line of ours, also in a sentence, has options and arguments that the command takes", async () => {
  const whole = [...lines, ...examples.map(({ line }) => line)].flatMap(ours);
  for (const words of await wordsOf(whole)) {
    const command = findCommand(words);
    expect([words.join(" "), command?.name]).toEqual([words.join(" "), expect.any(String)]);
    expect(() => parse(command!, words.slice(command!.name.split(" ").length))).not.toThrow();
  }
  expect(whole.length).toBeGreaterThan(80);
  // A sentence may name a command alone, or a word that several begin with.
  const said = await wordsOf(mentions.flatMap(ours));
  for (const words of said) {
    const command = findCommand(words);
    const below = commands.filter(({ name }) => name.startsWith(`${words.join(" ")} `));
    expect([words.join(" "), command !== undefined || below.length > 0]).toEqual([words.join(" "), true]);
    const rest = words.slice(command?.name.split(" ").length);
    if (command && rest.length > 0) expect(() => parse(command, [...rest, "--help"])).not.toThrow();
  }
  expect(said.length).toBeGreaterThan(20);
});

test("every script and bench that a page lets npm run exists", () => {
  const named = (pattern: RegExp): string[] =>
    [...lines, ...mentions].flatMap((line) => pattern.exec(line)?.[1] ?? []);
  const scripts = named(/^npm run (?:-s )?([a-z][a-z0-9:-]*)/);
  expect(scripts.filter((name) => !(name in manifest.scripts))).toEqual([]);
  const benches = named(/^npm run bench -- ([a-z]+)/);
  expect(
    benches.filter(
      (name) => ![`${name}.ts`, name].some((file) => existsSync(join(root, "tools/bench", file))),
    ),
  ).toEqual([]);
  expect(Math.min(scripts.length, benches.length)).toBeGreaterThan(2);
});
