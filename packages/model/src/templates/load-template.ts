import type { TemplateChoice } from "@espalier/contract";
import { readText } from "../files/read-text.ts";
import { parseJson } from "../checkpoint/json.ts";
import { noTemplate, type Template } from "./template.ts";
import { chatTemplate } from "./chat.ts";
import { namedTemplate, templateForModel } from "./named.ts";

export interface TemplateContext {
  /** The model's folder. */
  readonly directory: string;
  /** What the model, or the one that it was made from, is called; `auto` looks for it. */
  readonly modelName?: string | undefined;
}

/**
 * The template that a choice means for a model. `auto` is the one that is known for the model's name, or for
 * `_name_or_path` in its config.json, and none where neither is known.
 * @throws {Problem} `template/unusable` for a chat template that cannot be used
 */
export async function loadTemplate(
  choice: TemplateChoice,
  { directory, modelName }: TemplateContext,
): Promise<Template> {
  switch (choice) {
    case "none":
      return noTemplate;
    case "chat":
      return chatTemplate(directory);
    case "auto":
      for (const name of [modelName, await nameOrPath(directory)]) {
        const template = name === undefined ? undefined : templateForModel(name);
        if (template !== undefined) return template;
      }
      return noTemplate;
    default:
      return namedTemplate(choice);
  }
}

const maxConfigBytes = 1024 * 1024;

/** What transformers was asked to load, where it has written that down. */
async function nameOrPath(directory: string): Promise<string | undefined> {
  const config = parseJson(await readText(directory, "config.json", maxConfigBytes), { asPython: true });
  const name = config instanceof Map ? config.get("_name_or_path") : undefined;
  return typeof name === "string" ? name : undefined;
}
