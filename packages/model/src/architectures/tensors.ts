import type { KeptLayers } from "@espalier/contract";
import type {
  Attention,
  Block,
  FeedForward,
  Linear,
  ModelConfig,
  Naming,
  Norm,
  Residual,
} from "./model-config.ts";

/** The linear layers of a block in their order, and so of a model: what an adapter can adapt. */
export const linearLayers = ({ blocks }: Pick<ModelConfig, "blocks">): Linear[] =>
  blocks.flatMap(({ attention, feedForward }) => [
    ...projections(attention),
    attention.output,
    ...Object.values(feedForward.projection),
    feedForward.down,
  ]);

const projections = ({ projection }: Attention): Linear[] =>
  "name" in projection ? [projection] : [projection.query, projection.key, projection.value];

const norms = ({ before, after, closing }: Residual): Norm[] =>
  [before, after, closing].filter((norm) => norm !== undefined);

/** Every weight that a model of this config computes with, by name without prefix, with its shape. */
export function expectedTensors(
  config: Pick<ModelConfig, "blocks" | "embedding" | "finalNorm" | "hiddenSize" | "vocabularySize">,
) {
  const shapes = new Map<string, readonly number[]>();
  const addNorm = ({ name, kind, width }: Norm) => {
    shapes.set(`${name}.weight`, [width]);
    if (kind === "layer") shapes.set(`${name}.bias`, [width]);
  };
  const addLinear = ({ name, inputs, outputs, bias }: Linear) => {
    shapes.set(`${name}.weight`, [outputs, inputs]);
    if (bias) shapes.set(`${name}.bias`, [outputs]);
  };
  const { table, positions, tokenTypes, norm } = config.embedding;
  shapes.set(table, [config.vocabularySize, config.hiddenSize]);
  if (positions) shapes.set(positions.table, [positions.rows, config.hiddenSize]);
  if (tokenTypes) shapes.set(tokenTypes.table, [tokenTypes.rows, config.hiddenSize]);
  if (norm) addNorm(norm);
  for (const block of config.blocks) {
    const { attention, feedForward }: { attention: Attention; feedForward: FeedForward } = block;
    for (const around of [attention, feedForward]) norms(around).forEach(addNorm);
    const { queryKeyNorm } = attention;
    if (queryKeyNorm) [queryKeyNorm.query, queryKeyNorm.key].forEach(addNorm);
    linearLayers({ blocks: [block] }).forEach(addLinear);
  }
  if (config.finalNorm) addNorm(config.finalNorm);
  return shapes;
}

/** Which layer a weight belongs to, by its name without prefix; undefined for one that belongs to none. */
export function layerOf(name: string, { naming }: Pick<ModelConfig, "naming">): number | undefined {
  if (!name.startsWith(naming.layer)) return undefined;
  const [, digits] = /^(\d+)\./.exec(name.slice(naming.layer.length)) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** The description of a model of these layers, which are renumbered. */
export const ofLayers = (config: ModelConfig, kept: KeptLayers): ModelConfig => ({
  ...config,
  layers: typeof kept === "number" ? kept : kept.length,
  blocks:
    typeof kept === "number"
      ? config.blocks.slice(0, kept)
      : kept.map((layer, place) => renumbered(config.blocks[layer]!, config.naming, layer, place)),
});

/** A block whose names all say another number. */
function renumbered(block: Block, { layer: before }: Naming, from: number, to: number): Block {
  const old = `${before}${from}.`;
  const rename = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(rename);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        key === "name" && typeof item === "string" && item.startsWith(old)
          ? `${before}${to}.${item.slice(old.length)}`
          : rename(item),
      ]),
    );
  };
  return rename(block) as Block;
}
