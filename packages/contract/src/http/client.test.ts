import { expect, it } from "vitest";
import { Problem } from "../problem.ts";
import { createClient } from "./client.ts";

/** A service that refuses so many requests for their rate before it answers. */
function service(refusals: number, retryAfter = 0) {
  let asked = 0;
  const fetch = async (): Promise<Response> => {
    asked += 1;
    if (asked > refusals) return Response.json({ items: [] });
    const { status, ...problem } = new Problem("request/rate-limited", "Slowly.", {
      retryAfter,
    }).toDocument();
    return Response.json({ status, ...problem }, { status });
  };
  const client = createClient({ url: "http://service", key: "key", fetch });
  return { client, asked: () => asked };
}

it("a client waits as long as it is told where it asked too often, and asks again a few times", async () => {
  const patient = service(2);
  expect(await patient.client.runs.list()).toEqual({ items: [] });
  expect(patient.asked()).toBe(3);
  const refused = service(100);
  await expect(refused.client.runs.list()).rejects.toMatchObject({ code: "request/rate-limited" });
  expect(refused.asked()).toBe(5);
});

it("a file that is being sent is not sent again", async () => {
  const { client, asked } = service(1);
  const sending = client.datasets.create({ name: "a", kind: "sts" }, new Blob(["x"]).stream());
  await expect(sending).rejects.toMatchObject({ code: "request/rate-limited" });
  expect(asked()).toBe(1);
});
