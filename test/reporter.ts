import { relative } from "node:path";
import type { Reporter, TestCase, TestModule, Vitest } from "vitest/node";

/**
 * Ends a run with one plain line, `N passed, N failed, N skipped`, after a line for everything that was skipped and
 * why, and one that says which servers the tests had. A file that does not load and an error outside every test count as failed.
 */
export default class PlainSummary implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    const lines: string[] = [];
    for (const module of modules) {
      if (module.errors().length > 0) count.failed += 1;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "pending") count.failed += 1;
        else count[state] += 1;
        if (state === "skipped") lines.push(skipLine(module, test));
      }
    }
    if (lines.length > 0) console.log(`\n${lines.join("\n")}`);
    const servers = this.#vitest?.projects.map((project) => project.getProvidedContext().servers?.line);
    for (const line of servers ?? []) if (line !== undefined) console.log(`\n${line}`);
    console.log(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
  }
}

function skipLine(module: TestModule, test: TestCase): string {
  const result = test.result();
  const why = result.state === "skipped" ? (result.note ?? "no reason given") : "";
  return `skipped: ${relative(process.cwd(), module.moduleId)}: ${test.fullName}: ${why}`;
}
