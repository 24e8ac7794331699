import { isProblem } from "@espalier/contract";
import type { FastifyReply, FastifyRequest } from "fastify";

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escaped = (text: string): string => text.replaceAll(/[&<>"]/g, (sign) => escapes[sign]!);

/**
 * Shows a person why the sign-in failed: it is a page that the browser has opened, not a request of one. Programs get the problem document.
 * @throws the error, where no page was asked for, or the error is no problem
 */
export function showProblem(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  again: string,
): FastifyReply {
  if (!isProblem(error) || !(request.headers.accept ?? "").includes("text/html")) throw error;
  const { code, status, detail } = error.toDocument(request.id);
  if (status >= 500) request.log.error({ err: error }, "request failed");
  else request.log.warn({ err: error }, "sign-in refused");
  return reply
    .code(status)
    .headers({
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "cache-control": "no-store",
    })
    .type("text/html; charset=utf-8").send(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Signing in failed</title>
<h1>Signing in failed</h1>
<p>${escaped(detail ?? "")}</p>
<p><a href="${escaped(again)}">Back to the start</a></p>
<p><small>${escaped(code)}, request ${escaped(request.id)}</small></p>
</html>
`);
}
