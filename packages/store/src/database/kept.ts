/** Texts of statements that each connection plans once, and their names there. */
const names = new Map<string, string>();

/**
 * A statement whose text never changes and whose plan does not depend on its values: each connection plans it once, which for one with many
 * subqueries and policies takes longer than to run it. Through a pooler, where the next transaction may be on another connection, it is planned
 * each time.
 * @param name the statement's own
 */
export function kept(name: string, text: string): string {
  names.set(text, name);
  return text;
}

/** The name under which a connection keeps a statement; undefined for those that it does not keep. */
export const keptName = (text: string): string | undefined => names.get(text);
