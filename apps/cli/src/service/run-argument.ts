import { idPrefixes, normaliseName, Problem, type Client } from "@espalier/contract";

/**
 * The id of the run that the user means: an id as it is, or the newest run of that name.
 * @throws {Problem} `resource/not-found`
 */
export async function runId({ runs }: Client, given: string): Promise<string> {
  if (given.startsWith(`${idPrefixes.run}_`)) return given;
  const wanted = normaliseName(given);
  // What is found begins with these words; the newest comes first.
  for (let cursor: string | undefined; ;) {
    const page = await runs.list({ q: given, limit: 200, ...(cursor === undefined ? {} : { cursor }) });
    const found = page.items.find(({ name }) => name === wanted);
    if (found) return found.id;
    cursor = page.cursor;
    if (cursor === undefined) break;
  }
  throw new Problem(
    "resource/not-found",
    `There is no run named \`${given}\`; \`espalier run list\` shows ids and names.`,
  );
}
