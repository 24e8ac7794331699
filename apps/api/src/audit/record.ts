import type { Act, Store } from "@espalier/store";
import type { AuditAction } from "@espalier/contract";
import type { FastifyRequest, RouteOptions } from "fastify";
import fp from "fastify-plugin";
import { authorOf, principalOf } from "../auth/principal.ts";
import { actions } from "./actions.ts";
import { changeOf } from "./change.ts";

/**
 * Runs the handler of every route that changes something as an act, which the transaction of its change records.
 * @throws {Error} at start, for such a route that has no name in `actions.ts`
 */
export const recordActs = fp<{ store: Pick<Store, "audit"> }>(
  async (app, { store }) => {
    app.addHook("onRoute", (route) => {
      const action = actionOf(route);
      if (action === undefined) return;
      const { handler } = route;
      route.handler = async function (request, reply) {
        const { result, recorded } = await store.audit.doAct(actOf(request, action), () =>
          handler.call(this, request, reply),
        );
        if (!recorded && reply.statusCode < 400)
          request.log.error(
            { action },
            "a change was not recorded: its route changes nothing in a transaction of the store",
          );
        return result;
      };
    });
  },
  { name: "record-acts" },
);

/** Does a part of a request as an act of its own: what is done to one of the things that the request names. */
export const doPart = async <T>(
  { audit }: Pick<Store, "audit">,
  request: FastifyRequest,
  { action, id }: { action: AuditAction; id: string },
  work: () => Promise<T>,
): Promise<T> => {
  const act = { ...actOf(request, action), subject: { kind: action.split(".")[0]!, id }, change: {} };
  return (await audit.doAct(act, work)).result;
};

const reading = ["GET", "HEAD", "OPTIONS"];

function actionOf({ method, url, config }: RouteOptions): AuditAction | undefined {
  const [name] = [method].flat().filter((each) => !reading.includes(each));
  if (name === undefined || config?.reads) return undefined;
  const route = `${name} ${url.replace(/\/$/, "")}`;
  if (!Object.hasOwn(actions, route))
    throw new Error(
      `${route} changes something, and has no name for the audit log: give it one in actions.ts.`,
    );
  return actions[route];
}

/** The id of a thing is in the path, unless the request makes the thing: then it is in the answer. */
function actOf(request: FastifyRequest, action: AuditAction): Act {
  const [kind = "", verb = ""] = action.split(".");
  const params = request.params as Record<string, string | undefined>;
  const parameter = [`${kind}Id`, kind].find((name) => params[name] !== undefined);
  const makes = verb === "clone" || parameter === undefined;
  const { team } = params;
  const ofPool = ["device", "garbage", "worker"].includes(kind);
  const { role, named = false } = request.routeOptions.config;
  const { teamId, teamName, keyId } = principalOf(request);
  return {
    action,
    by: authorOf(request),
    operator: role === "operator" || (named && team !== teamName),
    team: ofPool ? undefined : team === undefined ? { id: teamId } : { name: team },
    // A browser ends its own session.
    subject: {
      kind,
      ...(action === "session.end" ? { id: keyId } : makes ? {} : { id: params[parameter]! }),
    },
    change: changeOf(request, makes ? [] : [parameter]),
    requestId: request.id,
    address: request.ip,
    ...(makes ? { made: (result: unknown) => idIn(result, kind === "session" ? "key" : kind) } : {}),
  };
}

/** The id of what was made: the answer itself, or what the answer names so. An answer that is kept for retries is its `body`. */
function idIn(result: unknown, kind: string): string | undefined {
  if (typeof result !== "object" || result === null) return undefined;
  const { id, body, [kind]: named } = result as Record<string, unknown>;
  if (typeof id === "string") return id;
  return idIn(named, kind) ?? idIn(body, kind);
}
