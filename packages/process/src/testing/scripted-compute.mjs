// A compute process without computations: what it does is the name of its job's model.
import { createReadStream, createWriteStream, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { endGroupWithParent } from "../lifeline.ts";

const send = (message) => writeSync(3, `${JSON.stringify(message)}\n`);
const done = { type: "done", outcome: { kind: "embed", texts: 1, width: 1, tokens: 1, seconds: 1 } };
const end = (message) => {
  send(message);
  process.exit(0);
};
const linger = () => setInterval(() => undefined, 1000);

const scripts = {
  succeed() {
    console.log("one line");
    console.error("another line");
    send({ type: "progress", progress: { phase: "p", done: 1, total: 2, unit: "texts" } });
    end(done);
  },
  fail: () =>
    end({
      type: "failed",
      problem: {
        type: "about:blank",
        title: "Text is empty",
        status: 422,
        code: "text/empty",
        detail: "why",
      },
    }),
  environment: () => {
    console.log(Object.keys(process.env).sort().join(" "));
    end(done);
  },
  crash() {
    console.error("the last words");
    process.kill(process.pid, "SIGSEGV");
  },
  "half-message"() {
    writeSync(3, '{"type":"prog');
    process.kill(process.pid, "SIGKILL");
  },
  "no-message": () => {
    writeSync(3, "hello\n");
    linger();
  },
  compute() {
    const [parent, deadlines] = process.argv.slice(2).map(Number);
    endGroupWithParent(parent, deadlines);
    setTimeout(() => {
      send({ type: "progress", progress: { phase: "p", done: 1, total: 2, unit: "texts" } });
      for (;;);
    }, 100);
  },
  "stop-soon": () => linger(),
  "stop-never": () => linger(),
  echo() {
    createReadStream("", { fd: 4 })
      .pipe(createWriteStream("", { fd: 5 }))
      .on("finish", () => end(done));
  },
  flood() {
    const vectors = createWriteStream("", { fd: 5 });
    const more = () => vectors.write(Buffer.alloc(65_536), more);
    more();
  },
};

let script;
createInterface({ input: process.stdin }).on("line", (line) => {
  const { type, job } = JSON.parse(line);
  if (type === "start") {
    script = job.model;
    scripts[script]();
  } else if (script === "stop-soon") end({ type: "stopped" });
});
