import { existsSync, readFileSync } from "node:fs";
import {
  alertRows,
  failureClasses,
  judge,
  newId,
  Problem,
  problems,
  remedies,
  type FailureClass,
  type PastFailure,
  type ProblemCode,
  type RunSpec,
} from "@espalier/contract";
import { describe, expect, test } from "vitest";

const docs = new URL("../docs/", import.meta.url);

/** The cells of every row of a page's tables, without the backquotes around a name. */
const rowsOf = (page: string): string[][] =>
  readFileSync(new URL(page, docs), "utf8")
    .split("\n")
    .filter((line, i, lines) => line.startsWith("| ") && !lines[i + 1]?.startsWith("|---"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim().replace(/^`(.*)`$/, "$1")),
    );

describe("docs/errors.md", () => {
  const rows = rowsOf("errors.md");
  const codes = rows.filter(([name]) => name in problems);
  const classes = rows.filter(([name]) => name in failureClasses);

  test("lists every problem with its status, its title, what to do and the class of an attempt that it ends", () => {
    const listed = codes.map(([code, status, title, remedy, failure]) => [
      code,
      Number(status),
      title,
      remedy,
      failure,
    ]);
    expect(listed).toEqual(
      Object.entries(problems).map(([code, { status, title, failure }]) => [
        code,
        status,
        title,
        remedies[code as ProblemCode],
        failure,
      ]),
    );
  });

  test("lists every class of a failure with its title, and no row is of anything else", () => {
    expect(Object.fromEntries(classes.map(([name, title]) => [name, title]))).toEqual(
      Object.fromEntries(Object.entries(failureClasses).map(([name, { title }]) => [name, title])),
    );
    expect(codes.length + classes.length).toBe(rows.length);
  });

  /** A training run of which every attempt ends with the same problem, or is asked to leave. */
  function fate(code: ProblemCode | undefined): { attempts: string; end: string; last: FailureClass } {
    const spec: RunSpec = { kind: "train", model: newId("model"), datasetId: newId("dataset") };
    const problem = code && new Problem(code, "It went wrong.").toDocument();
    const past: PastFailure[] = [];
    const alone = { worker: "only", onlyWorker: true, excused: false };
    for (;;) {
      const { failure, state } = judge({ spec, problem, progressed: false, past, ...alone });
      if (state !== "QUEUED") return { attempts: String(past.length + 1), end: state, last: failure };
      past.push({ failure, progressed: false, ...alone });
      if (past.length === 100) return { attempts: "any number", end: "never", last: failure };
    }
  }

  test("says for every class how many attempts there are and what becomes of the run then", () => {
    const said = new Map(classes.map(([name, , attempts, end]) => [name, { attempts, end }]));
    for (const [code, { failure }] of Object.entries(problems)) {
      const { attempts, end } = fate(code as ProblemCode);
      expect({ code, attempts, end }).toEqual({ code, ...said.get(failure) });
    }
    const { attempts, end } = fate(undefined);
    expect({ attempts, end }).toEqual(said.get("preempted"));
    const crashed = fate("worker/child-crashed");
    expect(crashed.last).toBe("poison");
    expect(said.get("poison")).toEqual({ attempts: "none", end: crashed.end });
  });
});

test("docs/operations.md lists every alert of the pool with its severity and its title", () => {
  const listed = rowsOf("operations.md").filter(([, severity]) =>
    /^(critical|warning)$/.test(severity ?? ""),
  );
  expect(listed.map(([code, severity, title]) => [code, severity, title])).toEqual(
    Object.entries(alertRows).map(([code, { severity, title }]) => [code, severity, title]),
  );
});

test("docs/reports.md names for each report a test that there is", () => {
  const rows = rowsOf("reports.md");
  const missing = rows.flatMap(([report, , , cell]) => {
    const [, label, path, title] = /^\[(.*?)\]\((.*?)\): (.*)$/.exec(cell) ?? [];
    const url = path && new URL(path, docs);
    return url &&
      path.endsWith(`/${label}`) &&
      existsSync(url) &&
      readFileSync(url, "utf8").includes(`"${title}"`)
      ? []
      : [report];
  });
  expect(rows.length).toBeGreaterThan(20);
  expect(missing).toEqual([]);
});

describe("docs/glossary.md", () => {
  const rows = rowsOf("glossary.md");

  test("gives each thing one name, one plain sentence and the file where it lives", () => {
    const wrong = rows.filter(
      ([name, sentence, link, ...rest]) =>
        !/^[a-z][a-z ]*$/.test(name) ||
        !/^[A-Z`].*[^.]\.$/.test(sentence) ||
        !/^\[[\w.-]+\]\(\.\.\/[\w./-]+\)$/.test(link) ||
        rest.length > 0,
    );
    expect(rows.length).toBeGreaterThan(50);
    expect(wrong).toEqual([]);
    expect(new Set(rows.map(([name]) => name)).size).toBe(rows.length);
  });

  test("names files that exist, each by its own name", () => {
    const missing = rows.flatMap(([name, , link]) => {
      const [, label, path] = /^\[(.*)\]\((.*)\)$/.exec(link) ?? [];
      return path?.endsWith(`/${label}`) && existsSync(new URL(path, docs)) ? [] : [`${name}: ${link}`];
    });
    expect(missing).toEqual([]);
  });
});
