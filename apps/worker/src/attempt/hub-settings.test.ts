import { expect, test } from "vitest";
import { readHubSettings } from "./hub-settings.ts";

test("by default it is the public hub, reached directly and without a token", () => {
  expect(readHubSettings({ HF_TOKEN: "hf_pool" })).toEqual({
    endpoint: "https://huggingface.co/",
    origins: [],
    proxy: { http: "", https: "", no: "" },
  });
});

test("a mirror, its storage, a proxy, and a token that is shared on purpose", () => {
  const settings = readHubSettings({
    HF_ENDPOINT: "https://nexus.example/repository/hub",
    ESPALIER_HUB_ORIGINS: "http://minio:9000, https://other.example",
    HTTPS_PROXY: "http://upper:3128",
    https_proxy: "http://lower:3128",
    no_proxy: "localhost",
    HF_TOKEN: "hf_pool",
    ESPALIER_SHARE_HF_TOKEN: "1",
  });
  expect(settings).toEqual({
    endpoint: "https://nexus.example/repository/hub",
    origins: ["http://minio:9000/", "https://other.example/"],
    proxy: { http: "", https: "http://lower:3128", no: "localhost" },
    sharedToken: "hf_pool",
  });
});

test.each([
  ["HF_ENDPOINT", { HF_ENDPOINT: "huggingface.co" }],
  ["HF_ENDPOINT", { HF_ENDPOINT: "file:///models" }],
  ["HF_ENDPOINT", { HF_ENDPOINT: "https://user:password@example.com" }],
  ["ESPALIER_HUB_ORIGINS", { ESPALIER_HUB_ORIGINS: "minio:9000" }],
  ["ESPALIER_SHARE_HF_TOKEN", { ESPALIER_SHARE_HF_TOKEN: "yes" }],
])("%s is refused by name: %o", (field, environment) => {
  const refused = { code: "request/invalid", facts: { field } };
  expect(() => readHubSettings(environment)).toThrow(expect.objectContaining(refused));
});
