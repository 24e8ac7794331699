import { isProblem, Problem, retryAfterSeconds, type ProblemCode } from "@espalier/contract";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import { asksForPage } from "../dashboard/page-request.ts";
import { methodsOf } from "../http/methods.ts";

/** The problems of errors of Fastify that a client causes. Every other error with a status of 4xx is `request/invalid`. */
const codes: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: "request/too-large",
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "request/unsupported-media-type",
  FST_ERR_MAX_PARAM_LENGTH: "request/uri-too-long",
};

/** Answers every error with a problem document (RFC 9457). The cause of an internal error is only logged. */
export const problemDocuments = fp(
  async (app) => {
    const allowed = methodsOf(app);
    const noRoute = (request: FastifyRequest, reply: FastifyReply): Problem => {
      const methods = allowed(request.url);
      if (methods === undefined)
        return new Problem(
          "resource/not-found",
          "There is nothing at this path; /openapi.json lists what there is.",
        );
      reply.header("allow", methods.join(", "));
      return new Problem("request/method-not-allowed", `This path knows ${methods.join(", ")}.`);
    };
    app.setErrorHandler((error: FastifyError, request, reply) =>
      // Fastify looks for the type of such a body before it is said that no route has the method.
      answerProblem(
        request.method === "QUERY" && request.is404 ? noRoute(request, reply) : error,
        request,
        reply,
      ),
    );
    app.setNotFoundHandler(async (request, reply) => {
      if (app.dashboardPage && asksForPage(request)) return app.dashboardPage(request, reply);
      throw noRoute(request, reply);
    });
  },
  { name: "problem-documents" },
);

/** Also of errors from before a route is found, where Fastify calls no error handler. */
async function answerProblem(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const problem = toProblem(error);
  if (problem.status >= 500) request.log.error({ err: error }, "request failed");
  return reply
    .code(problem.status)
    .headers(headersOf(problem))
    .type("application/problem+json")
    .send(JSON.stringify(problem.toDocument(request.id)));
}

/** Of errors before a route was found. Fastify types them as if they were always its own. */
export const answerFrameworkError = (error: FastifyError, request: FastifyRequest, reply: FastifyReply) =>
  void answerProblem(error, request, reply);

export function headersOf({ code, facts }: Problem): Record<string, string> {
  const seconds = facts.retryAfter ?? retryAfterSeconds[code];
  return {
    ...(code === "auth/required" ? { "www-authenticate": "Bearer" } : {}),
    ...(seconds === undefined ? {} : { "retry-after": String(seconds) }),
    // The rest of a body that came too slowly is not waited for.
    ...(code === "request/timeout" ? { connection: "close" } : {}),
  };
}

function toProblem(error: unknown): Problem {
  if (isProblem(error)) return error;
  if (!(error instanceof Error)) return new Problem("internal/error", "Something failed inside the service.");
  const code = "code" in error ? String(error.code) : "";
  const status = "statusCode" in error ? Number(error.statusCode) : 500;
  if (Object.hasOwn(codes, code)) return new Problem(codes[code]!, `${error.message}.`);
  if (status >= 400 && status < 500) return new Problem("request/invalid", `${error.message}.`);
  if (isDatabaseAway(code)) {
    return new Problem(
      "service/unavailable",
      "The database does not answer; try again in a moment.",
      {},
      { cause: error },
    );
  }
  return new Problem(
    "internal/error",
    "Something failed inside the service; its log has the request id.",
    {},
    { cause: error },
  );
}

/** Connection refused or lost, or PostgreSQL classes 08 (connection), 53 (resources) and 57P (operator intervention). */
const isDatabaseAway = (code: string): boolean =>
  /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|P1001|P1017|P2037|08...|53...|57P..)$/.test(code);
