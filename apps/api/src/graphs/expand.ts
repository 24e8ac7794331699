import { dependenciesOf, newId, Problem, RunCreate, type GraphCreate } from "@espalier/contract";
import { parserOf } from "../http/validation.ts";

/** A run of a graph, with ids in place of names. */
export interface NamedRun extends RunCreate {
  id: string;
  name: string;
}

const parse = parserOf(RunCreate);

/**
 * The runs of a graph, each after those that it depends on.
 * @throws {Problem} `run/cyclic` naming the runs of the circle; `request/invalid` naming the field
 */
export function expandGraph({ runs }: GraphCreate, id = () => newId("run")): NamedRun[] {
  const ids = new Map(Object.keys(runs).map((name) => [name, id()]));
  const named = new Map(
    Object.entries(runs).map(([name, { dependsOn = [], ...run }]) => {
      const field = `/runs/${name}`;
      const create = within(field, () =>
        parse({
          ...run,
          spec: withIds(run.spec, ids),
          dependsOn: dependsOn.map((each) => ids.get(each) ?? each),
        }),
      );
      return [ids.get(name)!, { ...create, id: ids.get(name)!, name }];
    }),
  );
  return inOrder(named);
}

/** The spec with ids where it names runs of the graph. */
function withIds(spec: object, ids: ReadonlyMap<string, string>): object {
  return Object.fromEntries(
    Object.entries(spec).map(([field, value]: [string, unknown]) => {
      if (typeof value !== "object" || value === null || !("run" in value)) return [field, value];
      const { run } = value;
      return [field, { ...value, run: (typeof run === "string" && ids.get(run)) || run }];
    }),
  );
}

/** Depth first: what a run needs comes before it, and whoever comes back to itself has walked in a circle. */
function inOrder(named: ReadonlyMap<string, NamedRun>): NamedRun[] {
  const ordered = new Set<NamedRun>();
  const path: NamedRun[] = [];
  const visit = (run: NamedRun): void => {
    if (ordered.has(run)) return;
    const seen = path.indexOf(run);
    if (seen >= 0) {
      const circle = [...path.slice(seen), run].map(({ name }) => name);
      throw new Problem(
        "run/cyclic",
        circle.length === 2
          ? `The run ${run.name} depends on itself.`
          : `These runs depend on one another in a circle: ${circle.join(" → ")}.`,
        { field: `/runs/${run.name}` },
      );
    }
    path.push(run);
    for (const id of [...dependenciesOf(run.spec), ...(run.dependsOn ?? [])]) {
      const needed = named.get(id);
      if (needed) visit(needed);
    }
    path.pop();
    ordered.add(run);
  };
  for (const run of named.values()) visit(run);
  return [...ordered];
}

/** Problems of one run, with its place in the graph. */
function within<T>(field: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const { errors, field: inside = "" } = error.facts;
    throw new Problem(error.code, `${field}: ${error.message}`, {
      ...error.facts,
      field: `${field}${inside}`,
      ...(errors && { errors: errors.map((each) => ({ ...each, field: `${field}${each.field}` })) }),
    });
  }
}
