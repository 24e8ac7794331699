import { Type } from "typebox";

export const modes = ["default", "reference"] as const;

/**
 * Where l3prune's code does something odd, `reference` does the same and `default` what makes sense:
 *
 * | | default | reference |
 * |---|---|---|
 * | share of layers to drop | of the decimal as written | in binary floating point, which may keep one less |
 * | batches of a search | of one task each, without contradicting rows | drawn from all rows |
 * | scale of a search | training's, 50 | 20 |
 * | content of an instructed text | found before truncation | counted from the right end, and may take instruction in |
 * | adapter of Phi-3 | all linear layers | `o_proj` and `down_proj`, the only ones under their own names |
 * | first step of a warm-up | at a rate above 0 | at a rate of 0 |
 */
export const Mode = Type.Enum(modes, { default: "default" });
export type Mode = (typeof modes)[number];
