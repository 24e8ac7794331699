import { relative } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Files that take longest, in seconds on two cores. One that began last would run on alone, with the other core idle. Where
 * vitest remembers how long the files took, its numbers come first.
 */
const seconds: Readonly<Record<string, number>> = {
  "test/chaos/chaos.test.ts": 300,
  "test/readme.service.test.ts": 115,
  "test/upgrade/upgrade.service.test.ts": 90,
  "packages/queue/src/bullmq.queue.test.ts": 80,
  "test/worker/exports.service.test.ts": 50,
  "tools/simulate/main.test.ts": 40,
  "packages/model/src/hub/resume.test.ts": 30,
  "test/offline/runs.service.test.ts": 27,
};

/** Files that are not named follow in the order in which vitest would run them. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { root } = this.ctx.config;
    const lasts = ({ moduleId }: TestSpecification) => seconds[relative(root, moduleId)] ?? 0;
    const group = ({ project }: TestSpecification) => project.config.sequence.groupOrder;
    return (await super.sort(files)).sort((a, b) => group(a) - group(b) || lasts(b) - lasts(a));
  }
}
