import { defineConfig } from "prisma/config";

export default defineConfig({
  schema: "prisma/schema.prisma",
  migrations: { path: "prisma/migrations" },
  // Only the commands that talk to a database need it; `generate` does not.
  ...(process.env["DATABASE_URL"] === undefined ? {} : { datasource: { url: process.env["DATABASE_URL"] } }),
});
