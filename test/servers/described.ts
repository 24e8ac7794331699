/** The operations of a description of an API: a path's parameters are those of each of its operations, and references are followed. */
export function describedOperations<Operation extends { parameters?: Parameter[] }, Parameter>(document: {
  paths: Record<string, Record<string, unknown>>;
  components: { parameters: Record<string, Parameter> };
}) {
  const whole = (parameter: Parameter): Parameter => {
    const { $ref } = parameter as { $ref?: string };
    return $ref === undefined ? parameter : document.components.parameters[$ref.split("/").at(-1)!];
  };
  return Object.entries(document.paths).flatMap(([path, { parameters: shared = [], ...methods }]) =>
    Object.entries(methods as Record<string, Operation>).map(([method, operation]) => ({
      ...operation,
      method: method.toUpperCase(),
      path,
      parameters: [...(shared as Parameter[]), ...(operation.parameters ?? [])].map(whole),
    })),
  );
}
