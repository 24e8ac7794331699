import { Type, type Static } from "typebox";
import { Value } from "typebox/value";

const part = "[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?";

/** A repository of a Hugging Face hub: `org/name`, or a name alone for the oldest ones. */
const HubRepository = Type.String({
  pattern: `^(?!.*(?:--|\\.\\.))(?:${part}/)?${part}$`,
  description: "such as `HuggingFaceTB/SmolLM2-135M`",
});

/** A branch, a tag or a commit of a repository. */
const HubRevision = Type.String({
  maxLength: 200,
  pattern: "^(?!.*(?:\\.\\.|//|/$))[A-Za-z0-9_][A-Za-z0-9._/-]*$",
  default: "main",
});

const source = {
  hub: HubRepository,
  revision: Type.Optional(HubRevision),
  layers: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 10_000,
      description: "keep the first layers only, and download no others; default: all",
    }),
  ),
};

/** A model of the hub, to import. */
export const HubSource = Type.Object(source, { additionalProperties: false });
export type HubSource = Static<typeof HubSource>;

/** Where a model came from: what was asked for, and the commit that it meant. */
export const ModelSource = Type.Object({
  ...source,
  commit: Type.Optional(Type.String({ description: "that the revision meant; absent while importing" })),
});
export type ModelSource = Static<typeof ModelSource>;

/**
 * Reads `hf:org/name` or `hf:org/name@revision`.
 * @returns undefined for any other text
 */
export function parseHubReference(text: string): HubSource | undefined {
  const [, hub, revision] = /^hf:([^@]+)(?:@(.+))?$/.exec(text) ?? [];
  const reference = { hub, ...(revision === undefined ? {} : { revision }) };
  return Value.Check(HubSource, reference) ? reference : undefined;
}
