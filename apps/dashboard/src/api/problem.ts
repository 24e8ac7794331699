import type { ProblemDocument } from "@espalier/contract";

/** An answer that is not what was asked for, with what the service says about it. */
export class RequestProblem extends Error {
  readonly document: ProblemDocument;

  constructor(document: ProblemDocument) {
    super(document.detail);
    this.name = "RequestProblem";
    this.document = document;
  }
}

export const isSignedOut = (error: unknown): boolean =>
  error instanceof RequestProblem && error.document.code === "auth/required";

/** The problem of a server that was not reached, or that a proxy answered for. */
export const away = (detail: string, status = 503): RequestProblem =>
  new RequestProblem({
    type: "urn:espalier:problem:service:unavailable",
    title: "The service does not answer",
    status,
    detail,
    code: "service/unavailable",
  });

export async function problemOf(response: Response): Promise<RequestProblem> {
  const text = await response.text();
  try {
    const document = JSON.parse(text) as ProblemDocument;
    if (typeof document.code === "string") return new RequestProblem(document);
  } catch {
    // A proxy answered.
  }
  return away(`The server answered ${response.status} ${response.statusText}.`, response.status);
}
