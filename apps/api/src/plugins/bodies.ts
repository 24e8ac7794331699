import fp from "fastify-plugin";

/**
 * Lets `application/octet-stream` bodies through as streams. JSON bodies and merge patches are parsed and kept small; an
 * empty one says nothing, like `{}`: many clients name JSON in every request, also where they send no body.
 */
export const bodies = fp(
  async (app) => {
    app.addContentTypeParser("application/octet-stream", (_request, payload, done) => done(null, payload));
    const parse = app.getDefaultJsonParser("error", "error");
    app.removeContentTypeParser("application/json");
    for (const type of ["application/json", "application/merge-patch+json"])
      app.addContentTypeParser<string>(type, { parseAs: "string" }, (request, body, done) =>
        body === "" ? done(null, {}) : parse(request, body, done),
      );
  },
  { name: "bodies" },
);
