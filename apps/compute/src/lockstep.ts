import { isProblem, type Problem } from "@espalier/contract";
import type { Embed, Measured, Side } from "@espalier/evaluation";

/** One list of vectors for each member, each in the order of the texts. */
type EmbedAll = (texts: readonly string[], side: Side) => Promise<readonly (readonly Float32Array[])[]>;

interface Waiting {
  readonly texts: readonly string[];
  readonly side: Side;
  readonly member: number;
  readonly resolve: (vectors: readonly Float32Array[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Runs one evaluation for each member side by side, where all ask for the same texts in the same order: what they ask for is computed
 * once for all of them, when the last has asked. A member that ends, or cannot be measured, is not waited for.
 * @returns what each member measured, or why it could not
 * @throws what embedding throws; and the first problem where no member could be measured
 */
export async function inLockstep(
  members: number,
  evaluate: (embed: Embed, member: number) => Promise<Measured>,
  embedAll: EmbedAll,
): Promise<(Measured | Problem)[]> {
  let active = members;
  let waiting: Waiting[] = [];
  let broken: { error: unknown } | undefined;

  const proceed = async (): Promise<void> => {
    if (waiting.length === 0 || waiting.length < active) return;
    const asked = waiting;
    waiting = [];
    try {
      const { texts, side } = asked[0]!;
      if (asked.some((one) => one.texts.length !== texts.length || one.side !== side))
        throw new Error("the evaluations ask for different texts");
      const vectors = await embedAll(texts, side);
      for (const { member, resolve } of asked) resolve(vectors[member]!);
    } catch (error) {
      broken ??= { error };
      for (const { reject } of asked) reject(error);
    }
  };

  const measured = await Promise.all(
    Array.from({ length: members }, async (_, member) => {
      const embed: Embed = (texts, side) =>
        new Promise((resolve, reject) => {
          waiting.push({ texts, side, member, resolve, reject });
          void proceed();
        });
      try {
        return await evaluate(embed, member);
      } catch (error) {
        if (!isProblem(error)) broken ??= { error };
        return error as Problem;
      } finally {
        active--;
        void proceed();
      }
    }),
  );
  if (broken !== undefined) throw broken.error;
  if (measured.every(isProblem)) throw measured[0];
  return measured;
}
