import { expect, test } from "vitest";
import { browserOf, openInBrowser } from "./browser.ts";

test("a browser is the one that is named, or the system's where there is a screen", () => {
  expect(browserOf({}, "linux")).toBeUndefined();
  expect(browserOf({ DISPLAY: ":0" }, "linux")).toEqual(["xdg-open"]);
  expect(browserOf({ WAYLAND_DISPLAY: "wayland-0" }, "linux")).toEqual(["xdg-open"]);
  expect(browserOf({ DISPLAY: ":0", BROWSER: "firefox" }, "linux")).toEqual(["firefox"]);
  expect(browserOf({}, "darwin")).toEqual(["open"]);
});

test("a browser that cannot be started is none", async () => {
  const url = "http://127.0.0.1:7070/";
  expect(await openInBrowser(url, { BROWSER: "/nonexistent/browser" })).toBe(false);
  expect(await openInBrowser(url, { BROWSER: "true", PATH: process.env["PATH"] })).toBe(true);
});
