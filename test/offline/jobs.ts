import type { Jobs, Outcomes } from "../../apps/cli/src/offline/jobs.ts";
import type { Outcome, Start } from "../../apps/compute/src/offline/protocol.ts";

/*
 * Two packages that must not import each other describe the same jobs. `tsc` compiles this file only while the command
 * line asks for what the compute process understands, and understands what it answers. There is nothing to run.
 */
type Asked<Kind extends keyof Jobs> = { kind: Kind; engine: string } & Jobs[Kind];
type Answered<Kind extends keyof Outcomes> = Extract<Outcome, { kind: Kind }>;

export const understood = (asked: { [Kind in keyof Jobs]: Asked<Kind> }[keyof Jobs]): Start["job"] => asked;
export const complete = (kind: Start["job"]["kind"]): keyof Jobs => kind;
export const readable = (answers: { [Kind in keyof Outcomes]: Answered<Kind> }): Outcomes => answers;
