import { expectTypeOf, test } from "vitest";
import type { Jobs, Outcomes } from "../../apps/cli/src/offline/jobs.ts";
import type { Outcome, Start } from "../../apps/worker/src/offline/protocol.ts";

/** Two packages that must not import each other have words for the same jobs. */
type Told<Kind extends keyof Jobs> = { kind: Kind; engine: string } & Jobs[Kind];
type Found<Kind extends keyof Outcomes> = Extract<Outcome, { kind: Kind }>;

test("the command line asks for what the compute process understands, and understands what it answers", () => {
  expectTypeOf<Told<"prune"> | Told<"search"> | Told<"embed">>().toExtend<Start["job"]>();
  expectTypeOf<Start["job"]["kind"]>().toEqualTypeOf<keyof Jobs>();
  expectTypeOf<Found<"prune">>().toExtend<Outcomes["prune"]>();
  expectTypeOf<Found<"search">>().toExtend<Outcomes["search"]>();
  expectTypeOf<Found<"embed">>().toExtend<Outcomes["embed"]>();
});
