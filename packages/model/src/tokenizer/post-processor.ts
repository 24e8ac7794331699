import { isId, Part } from "./part.ts";

/** What is put around the ids of every text. */
export interface Surroundings {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

export const nothingAround: Surroundings = { before: [], after: [] };

/** Reads the `post_processor` of tokenizer.json, as far as it adds tokens to one text. */
export function readPostProcessor(part: Part): Surroundings {
  const type = part.string("type");
  switch (type) {
    case "ByteLevel":
      readOffsets(part);
      part.flag("use_regex", true);
      return nothingAround;
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
      return adding[0] ?? nothingAround;
    }
    default:
      return part.refuse(`is of the type ${JSON.stringify(type)}, which is not supported`);
  }
}

const addsTokens = ({ before, after }: Surroundings): boolean => before.length + after.length > 0;

/** What only the offsets of tokens depend on must still be there. */
function readOffsets(part: Part): void {
  part.flag("add_prefix_space");
  part.flag("trim_offsets");
}

/** The id of a pair of a token and its id. */
function tokenId(part: Part, key: string): number {
  const [token, id, ...more] = part.list(key);
  if (typeof token !== "string" || !isId(id) || more.length > 0)
    part.refuse(`has a ${key} that is not a token and its id`);
  return id;
}

/** One piece of a template: the text, a second text, or tokens by their name. */
type Piece = "A" | "B" | { readonly name: string };

function template(part: Part): Surroundings {
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
