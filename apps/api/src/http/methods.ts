import type { FastifyInstance } from "fastify";

/**
 * Collects the routes that are registered from now on.
 * @returns the methods that a path knows, sorted; undefined for a path that is of no route
 */
export function methodsOf(app: FastifyInstance): (url: string) => string[] | undefined {
  const routes = new Map<string, { form: RegExp; methods: Set<string> }>();
  app.addHook("onRoute", ({ method, url }) => {
    const route = routes.get(url) ?? { form: formOf(url), methods: new Set() };
    for (const each of [method].flat()) route.methods.add(each);
    routes.set(url, route);
  });
  return (url) => {
    const [path = ""] = url.split("?");
    const methods = [...routes.values()]
      .filter(({ form }) => form.test(path))
      .flatMap((route) => [...route.methods]);
    return methods.length === 0 ? undefined : [...new Set(methods)].sort();
  };
}

/** `/v1/runs/:runId` as an expression. */
const formOf = (url: string): RegExp =>
  new RegExp(`^${url.replaceAll(/[.*+?^$()|[\]{}\\]/g, "\\$&").replaceAll(/:\w+/g, "[^/]+")}$`);
