import { findText } from "../files/read-text.ts";
import { render, type Template } from "./template.ts";
import { readTokenizerConfig } from "../tokenizer/tokenizer.ts";
import { parseTokenizerConfig } from "../tokenizer/config.ts";
import { renderChat, unusable } from "./render-chat.ts";

const ownFile = "chat_template.jinja";
const maxTemplateBytes = 256 * 1024;

/** A text that no template holds, to be found in what one renders. */
const marker = "espalier0text1marker2";

/** A text that shows what a template does to texts: blanks at its ends, both cases, quotes, markup, Jinja. */
const probe = "\t\n \u00a0Ab <c> & \"d\" 'e' {{ f }} {% g %} \u00c9\ud83d\ude00\n\n  H\u2028 \n";

/**
 * The user's turn of a model's own chat template, `chat_template.jinja` or in `tokenizer_config.json`, as a template:
 * what it puts before and after the text of a conversation of one message. It must leave the text as it is, but may take
 * blanks away at its ends.
 * @throws {Problem} `template/unusable` where there is none, it fails, or the text is not found in what it renders
 */
export async function chatTemplate(directory: string): Promise<Template> {
  const config = parseTokenizerConfig(await readTokenizerConfig(directory));
  const template = (await findText(directory, ownFile, maxTemplateBytes)) ?? config.chatTemplate;
  if (template === undefined) throw unusable("the model has none");
  if (Buffer.byteLength(template) > maxTemplateBytes)
    throw unusable(`it has more than ${maxTemplateBytes} bytes`);
  const contents = [marker, probe];
  const [plain = "", probed] = await renderChat({ template, variables: config.namedTokens, contents });
  const at = plain.indexOf(marker);
  if (at < 0) throw unusable("the text does not appear in what it renders");
  if (plain.includes(marker, at + 1)) throw unusable("the text appears in what it renders more than once");

  const [prefix, suffix] = [plain.slice(0, at), plain.slice(at + marker.length)];
  const asItIs: Template = { name: "chat", prefix, separator: "; ", suffix, writesSpecialTokens: true };
  for (const candidate of [asItIs, { ...asItIs, trims: true }]) {
    const { prompt, content } = render(candidate, probe);
    if (prompt + content === probed) return candidate;
  }
  throw unusable("it changes texts, or says something else around another text");
}
