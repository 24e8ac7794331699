import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { readConfig } from "../config.ts";
import { membershipsOf } from "./membership.ts";

const least = { DATABASE_URL: "postgres://localhost/espalier", ESPALIER_DATA: "/data" };
const example = { ESPALIER_OIDC_ISSUER: "https://id.example.org", ESPALIER_OIDC_CLIENT_ID: "espalier" };
const read = (more: Record<string, string>) => readConfig({ ...least, ...more }).oidc;

it("the example of the page on access is what the service reads", async () => {
  const page = await readFile(new URL("../../../../docs/access.md", import.meta.url), "utf8");
  const settings = Object.fromEntries(
    [...page.matchAll(/^(ESPALIER_OIDC_\w+)=(?:'([^']*)'|(\S+))$/gm)].map(([, name, quoted, plain]) => [
      name,
      quoted ?? plain,
    ]),
  );
  expect(Object.keys(settings).length).toBeGreaterThan(4);
  const oidc = read(settings)!;
  const teams = (groups: string[]) => membershipsOf({ sub: "1", groups }, oidc).map(({ team }) => team);
  expect(teams(["staff", "ml-leads"])).toEqual(["nlp", "guests"]);
  expect(teams(["staff"])).toEqual(["guests"]);
  expect(teams(["ml-leads"])).toEqual([]);
});

it("without a provider there is none, and one on loopback may speak http", () => {
  expect(read({})).toBeUndefined();
  expect(read({ ...example, ESPALIER_OIDC_ISSUER: "http://127.0.0.1:8080" })).toMatchObject({
    clientId: "espalier",
  });
});

it.each([
  [{ ESPALIER_OIDC_ISSUER: "http://id.example.org" }, "by https, or one on loopback"],
  [{ ESPALIER_OIDC_ISSUER: "nonsense" }, "by https"],
  [{ ESPALIER_OIDC_CLIENT_ID: undefined }, "ESPALIER_OIDC_CLIENT_ID is missing"],
  [{ ESPALIER_OIDC_TEAMS: "ml=nlp" }, "ESPALIER_OIDC_TEAMS is no JSON"],
  [
    { ESPALIER_OIDC_TEAMS: '{"ml": {"team": "nlp", "role": "king"}}' },
    "with roles of viewer, member, maintainer, admin",
  ],
  [{ ESPALIER_OIDC_ALLOWED_GROUPS: "{}" }, 'JSON such as ["staff"]'],
])("%j is refused when the service starts", (wrong, why) => {
  expect(() => readConfig({ ...least, ...example, ...wrong })).toThrow(why);
});
