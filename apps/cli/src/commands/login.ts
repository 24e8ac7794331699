import { text } from "node:stream/consumers";
import { createClient } from "@espalier/contract";
import { defineCommand, UsageError, type Context } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { askSecret } from "../terminal/ask.ts";
import { checkAddress } from "../service/connection.ts";
import { loginFile, removeLogin, writeLogin } from "../service/login-file.ts";

export const login = defineCommand({
  name: "login",
  arguments: "URL",
  summary: "keep a service's address and your key for later commands",
  help: [
    "The key is asked for, or read from stdin where that is no terminal; it is tried, and kept in",
    "~/.config/espalier/login.json, which only you can read. --url, ESPALIER_URL and the folder of",
    "`espalier up` go before it.",
  ],
  examples: ["espalier login http://127.0.0.1:7070 < .espalier/key"],
  arity: [1, 1],
  options: {},
  async run(context, _values, [url = ""]) {
    const { output, environment } = context;
    checkAddress(url);
    const key = await keyOf(context);
    // A key that is refused is not kept.
    await createClient({ url, key }).me();
    writeLogin(environment, { url, key });
    if (output.json) output.printJson({ url, file: loginFile(environment) });
    else output.print(`logged in to ${url}; the key is in ${loginFile(environment)}`);
    return exitCode.ok;
  },
});

async function keyOf({ service, stdin, output, signal }: Context): Promise<string> {
  const key =
    service.key ??
    (stdin.isTTY ? await askSecret("API key: ", { stdin, output, signal }) : await text(stdin));
  if (key.trim() === "") throw new UsageError("no key came on stdin; give it there, or by --key");
  return key.trim();
}

export const logout = defineCommand({
  name: "logout",
  summary: "forget what `espalier login` has kept",
  examples: ["espalier logout"],
  arity: [0, 0],
  options: {},
  async run({ output, environment }) {
    const was = removeLogin(environment);
    if (output.json) output.printJson({ loggedOut: was });
    else output.print(was ? "logged out" : "nobody was logged in");
    return exitCode.ok;
  },
});
