import { expect, test } from "vitest";
import { commands } from "./commands/index.ts";
import { espalier } from "./testing/espalier.ts";

const run = (...args: string[]) => espalier(args, { cwd: "/nonexistent" });

test("help lists every command on stdout", async () => {
  const { code, out, err } = await run("help");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  for (const { name } of commands) expect(out).toContain(`\n  ${name} `);
});

test("wrong usage ends with 2 and leaves stdout alone", async () => {
  for (const args of [["nonsense"], ["run", "show"], ["run", "show", "a", "b"], ["run", "list", "--bogus"]]) {
    const { code, out, err } = await run(...args);
    expect({ args, code, out }).toEqual({ args, code: 2, out: "" });
    expect(err).toContain("error usage");
  }
});

test("without a service, --json reports a code, a message and exit 75", async () => {
  const { code, out, err } = await run("run", "list", "--json");
  expect({ code, out }).toEqual({ code: 75, out: "" });
  expect(JSON.parse(err)).toMatchObject({
    code: "service/unavailable",
    message: expect.stringContaining("npm start"),
  });
});

test("a service that does not answer is exit 75, a missing key 4", async () => {
  expect((await run("model", "list", "--url", "http://127.0.0.1:1", "--key", "x")).code).toBe(75);
  expect((await run("model", "list", "--url", "http://127.0.0.1:1")).code).toBe(4);
});
