import {
  idPrefixes,
  normaliseName,
  Problem,
  type IdKind,
  type Page,
  type PageQuery,
} from "@espalier/contract";

/**
 * The id that the user means: an id as it is, or the newest resource of that name.
 * @throws Problem `resource/not-found`
 */
export async function lookUp(
  kind: IdKind,
  given: string,
  list: (query: PageQuery) => Promise<Page<{ id: string; name: string }>>,
): Promise<string> {
  if (given.startsWith(`${idPrefixes[kind]}_`)) return given;
  const wanted = normaliseName(given);
  let newest: string | undefined;
  for (let cursor: string | undefined; ;) {
    const page = await list({ limit: 200, ...(cursor === undefined ? {} : { cursor }) });
    for (const { id, name } of page.items)
      if (name === wanted && (newest === undefined || id > newest)) newest = id;
    cursor = page.cursor;
    if (cursor === undefined) break;
  }
  if (newest === undefined)
    throw new Problem("resource/not-found", `There is no ${kind} named \`${given}\`.`);
  return newest;
}
