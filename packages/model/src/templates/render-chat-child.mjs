// Renders a chat template that nobody has vouched for, in a process of its own: started by render-chat.ts with a small
// heap, it takes one JSON document from standard input and answers with one.
import { text } from "node:stream/consumers";
import { Worker } from "node:worker_threads";
import { Environment, Interpreter, parse, tokenize } from "@huggingface/jinja";

/** Longest list that `range` gives; templates loop over messages. */
const longestRange = 10_000;

const { template, variables, contents, milliseconds } = JSON.parse(await text(process.stdin));

// A template may never come to an end, and then only another thread can end it, whether the parent still lives or not.
new Worker(`setTimeout(() => process.kill(process.pid, "SIGKILL"), ${Number(milliseconds)})`, {
  eval: true,
}).unref();

/** What transformers lets a template see, without the clock: the same text has the same vector tomorrow. */
function environmentOf(content) {
  const environment = new Environment();
  const globals = {
    true: true,
    false: false,
    none: null,
    True: true,
    False: false,
    None: null,
    range(...bounds) {
      const [start, stop, step = 1] = bounds.length === 1 ? [0, bounds[0]] : bounds;
      const length = Math.ceil((stop - start) / step);
      if (!(length <= longestRange)) throw new Error(`a range of more than ${longestRange}`);
      return Array.from({ length: Math.max(0, length) }, (_, i) => start + i * step);
    },
    raise_exception(message) {
      throw new Error(String(message));
    },
    tools: null,
    documents: null,
    add_generation_prompt: false,
    messages: [{ role: "user", content }],
  };
  const own = Object.entries(variables).filter(([name]) => !Object.hasOwn(globals, name));
  for (const [name, value] of [...Object.entries(globals), ...own]) environment.set(name, value);
  return environment;
}

function render() {
  const program = parse(tokenize(template, { trim_blocks: true, lstrip_blocks: true }));
  return contents.map((content) => new Interpreter(environmentOf(content)).run(program).value);
}

let answer;
try {
  answer = { rendered: render() };
} catch (error) {
  answer = { error: String(error?.message ?? error).slice(0, 300) };
}
process.stdout.write(JSON.stringify(answer), () => process.exit(0));
