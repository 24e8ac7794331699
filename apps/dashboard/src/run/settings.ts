/** The leaves of a spec by their names, `settings.steps`, as texts. */
export function flatten(value: unknown, prefix = ""): Map<string, string> {
  const leaves = new Map<string, string>();
  const visit = (each: unknown, name: string): void => {
    if (typeof each === "object" && each !== null && !Array.isArray(each))
      for (const [key, inner] of Object.entries(each)) visit(inner, name === "" ? key : `${name}.${key}`);
    else if (each !== undefined) leaves.set(name, typeof each === "string" ? each : JSON.stringify(each));
  };
  visit(value, prefix);
  return leaves;
}
