/** A JSON document after parsing. */
type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/**
 * A document with a JSON Merge Patch applied (RFC 7396): objects are merged, null takes a member away, and everything else
 * replaces what is there. Neither argument is changed.
 */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged = new Map(Object.entries(isObject(target) ? target : {}));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, mergePatch(merged.get(name), value) as Json);
  }
  // It is built from entries, because assigning to `__proto__` would not make a member.
  return Object.fromEntries(merged);
}

const isObject = (value: unknown): value is { [name: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value);
