import { relative } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Files that take longest, in seconds on two cores. One that began last would run on alone, with the other core idle. Where
 * vitest remembers how long the files took, its numbers come first.
 */
const seconds: Readonly<Record<string, number>> = {
  "test/chaos/chaos.test.ts": 300,
  "test/worker/drain.service.test.ts": 150,
  "test/worker/faults.service.test.ts": 150,
  "test/documented/service.test.ts": 150,
  "test/documented/folders.test.ts": 140,
  "test/worker/devices.service.test.ts": 130,
  "test/hub/import.service.test.ts": 110,
  "test/packages/packages.service.test.ts": 100,
  "test/upgrade/upgrade.service.test.ts": 90,
  "packages/queue/src/bullmq.queue.test.ts": 80,
  "test/worker/scheduling.service.test.ts": 70,
  "test/worker/memory.service.test.ts": 60,
  "test/hostile/hostile.service.test.ts": 60,
  "apps/api/src/audit/audit.db.test.ts": 55,
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
