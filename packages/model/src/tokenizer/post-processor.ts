import { isId, Part } from "./part.ts";

/** The ids that are put before and after the ids of every text. */
export interface SpecialTokens {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

export const noSpecialTokens: SpecialTokens = { before: [], after: [] };

/** Reads which tokens the `post_processor` of tokenizer.json adds to a single text. */
export function readPostProcessor(part: Part): SpecialTokens {
  const type = part.string("type");
  switch (type) {
    case "ByteLevel":
      readOffsets(part);
      part.flag("use_regex", true);
      return noSpecialTokens;
    case "RobertaProcessing":
      readOffsets(part);
      return { before: [tokenId(part, "cls")], after: [tokenId(part, "sep")] };
    case "BertProcessing":
      return { before: [tokenId(part, "cls")], after: [tokenId(part, "sep")] };
    case "TemplateProcessing":
      return template(part);
    case "Sequence": {
      const adding = part.parts("processors").map(readPostProcessor).filter(addsTokens);
      if (adding.length > 1) part.refuse("adds tokens in more than one step, which is not supported");
      return adding[0] ?? noSpecialTokens;
    }
    default:
      return part.refuse(`is of the type ${JSON.stringify(type)}, which is not supported`);
  }
}

const addsTokens = ({ before, after }: SpecialTokens): boolean => before.length + after.length > 0;

/** Checks fields that must be there although only the offsets of tokens, which are not computed here, depend on them. */
function readOffsets(part: Part): void {
  part.flag("add_prefix_space");
  part.flag("trim_offsets");
}

/** The id in a field that holds a token and its id. */
function tokenId(part: Part, key: string): number {
  const [token, id, ...more] = part.list(key);
  if (typeof token !== "string" || !isId(id) || more.length > 0)
    part.refuse(`has a ${key} that is not a token and its id`);
  return id;
}

/** One piece of a template: the first text, the second text, or the name of special tokens. */
type Piece = "A" | "B" | { readonly name: string };

function template(part: Part): SpecialTokens {
  const single = part.parts("single").map(readPiece);
  part.parts("pair").forEach(readPiece);
  const tokens = readSpecialTokens(part);
  const before: number[] = [];
  const after: number[] = [];
  let texts = 0;
  for (const piece of single) {
    if (piece === "A") texts++;
    else if (piece === "B") part.refuse("asks for a second text around a single one");
    else {
      const ids =
        tokens.get(piece.name) ?? part.refuse(`names ${piece.name}, which is not among its special_tokens`);
      (texts === 0 ? before : after).push(...ids);
    }
  }
  if (texts !== 1) part.refuse(`holds the text ${texts} times; once is supported`);
  return { before, after };
}

function readPiece(piece: Part, _index: number): Piece {
  const sequence = piece.optionalPart("Sequence");
  const inner = sequence ?? piece.part("SpecialToken");
  inner.integer("type_id");
  if (sequence === undefined) return { name: inner.string("id") };
  return sequence.word<"A" | "B">("id", ["A", "B"]);
}

function readSpecialTokens(part: Part): Map<string, readonly number[]> {
  const tokens = new Map<string, readonly number[]>();
  for (const [name, value] of part.entries("special_tokens")) {
    const token: Part = new Part(value, part.at(`special_tokens.${name}`));
    token.string("id");
    const ids = token.list("ids");
    if (!ids.every(isId)) token.refuse("has ids that are not whole numbers");
    if (!token.list("tokens").every((content) => typeof content === "string"))
      token.refuse("has tokens that are not strings");
    tokens.set(name, ids);
  }
  return tokens;
}
