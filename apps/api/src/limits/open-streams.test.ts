import { expect, it } from "vitest";
import { OpenStreams } from "./open-streams.ts";

it("a key has as many streams as it may, and one more when one has ended", () => {
  const streams = new OpenStreams(2);
  const [first] = [streams.open("a"), streams.open("a")];
  expect(() => streams.open("a")).toThrow(expect.objectContaining({ code: "request/too-many-streams" }));
  streams.open("b");
  first();
  streams.open("a");
  expect(() => streams.open("a")).toThrow("as many as it may");
});
