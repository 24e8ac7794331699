import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isProblem, remedies } from "@espalier/contract";
import type { Context } from "../command.ts";
import { compute } from "../offline/compute.ts";
import { ok, wrong, type Finding } from "./finding.ts";

/** Lets an engine, which the environment names, compute what is known, in a process as a run would have. */
export async function examineEngine({
  environment,
  signal,
}: Pick<Context, "environment" | "signal">): Promise<Finding[]> {
  const { ESPALIER_ENGINE: name, ESPALIER_PRECISION: precision = "fp32" } = environment;
  const folder = await mkdtemp(join(tmpdir(), "espalier-doctor-"));
  try {
    const { seconds } = await compute("self-test", { folder }, { environment, signal });
    return [ok("engine", `${name} loads and computes in ${precision} (${seconds.toFixed(1)} s)`)];
  } catch (error) {
    if (!isProblem(error)) throw error;
    return [wrong("engine", `${name} in ${precision}: ${error.message}`, remedies[error.code])];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
