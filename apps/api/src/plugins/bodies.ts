import fp from "fastify-plugin";

/** Lets `application/octet-stream` bodies through as streams. JSON bodies and merge patches are parsed and kept small. */
export const bodies = fp(
  async (app) => {
    app.addContentTypeParser("application/octet-stream", (_request, payload, done) => done(null, payload));
    app.addContentTypeParser(
      "application/merge-patch+json",
      { parseAs: "string" },
      app.getDefaultJsonParser("error", "error"),
    );
  },
  { name: "bodies" },
);
