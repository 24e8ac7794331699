import { describe, expect, test } from "vitest";
import { checksums, hubTrial, type HubTrial } from "../testing/hub-download.ts";
import type { Misbehaviour, SeenRequest } from "../testing/hub-server.ts";

const afterHeader = ({ server, range = "" }: SeenRequest): boolean =>
  server === "storage" && Number(/\d+/.exec(range)?.[0]) > 6_000;
const isWeights = ({ server }: SeenRequest): boolean => server === "storage";

/** Misbehaves for the first so many requests that `which` selects. */
function atFirst(
  trial: HubTrial,
  times: number,
  which: (request: SeenRequest) => boolean,
  how: Misbehaviour,
): void {
  trial.hub.misbehave = (request) => (which(request) && times-- > 0 ? how : undefined);
}

async function expectArrival(trial: HubTrial): Promise<void> {
  await trial.download();
  expect(await checksums(trial.output)).toEqual(await checksums(trial.source));
}

describe("a download arrives in spite of", () => {
  test.each<[string, number, (request: SeenRequest) => boolean, Misbehaviour]>([
    ["a hub that is overloaded at first", 3, ({ path }) => path.startsWith("/api/"), { status: 503 }],
    [
      "a hub that asks for a moment",
      1,
      ({ path }) => path.startsWith("/api/"),
      { status: 429, headers: { "retry-after": "1" } },
    ],
    ["a storage server that fails now and then", 3, isWeights, { status: 500 }],
    ["links that expire on the way", 2, isWeights, { status: 403 }],
    ["connections that break in mid-body", 20, isWeights, { cutAfter: 3_000 }],
    ["a connection that breaks before its first byte", 2, isWeights, { cutAfter: 0 }],
    ["a server that falls silent", 1, isWeights, { silent: true }],
    ["a server that trickles", 1, isWeights, { pace: { bytes: 10, milliseconds: 100 } }],
    ["a server that ignores ranges", Infinity, isWeights, { ignoreRange: true }],
    ["a server that ignores ranges and breaks off", 2, isWeights, { ignoreRange: true, cutAfter: 9_000 }],
  ])("%s", async (_, times, which, how) => {
    await using trial = await hubTrial();
    atFirst(trial, times, which, how);
    await expectArrival(trial);
  });

  test("a piece that is damaged on the way, once", async () => {
    await using trial = await hubTrial();
    const damaged = { content: new Uint8Array(weightsOf(trial)) };
    atFirst(trial, 1, afterHeader, damaged);
    await expectArrival(trial);
  });

  test("a file whose etag changes in between, which is then started again", async () => {
    await using trial = await hubTrial();
    let seen = 0;
    trial.hub.misbehave = (request) =>
      isWeights(request) ? { headers: { etag: ++seen < 4 ? '"one"' : '"two"' } } : undefined;
    await expectArrival(trial);
  });

  test("a file that has another etag at every look", async () => {
    await using trial = await hubTrial();
    let seen = 0;
    trial.hub.misbehave = (request) =>
      isWeights(request) ? { headers: { etag: `"${++seen}"` } } : undefined;
    await expectArrival(trial);
  });

  test("a server that stops honouring ranges halfway", async () => {
    await using trial = await hubTrial();
    let seen = 0;
    trial.hub.misbehave = (request) => (isWeights(request) && ++seen > 2 ? { ignoreRange: true } : undefined);
    await expectArrival(trial);
  });
});

test("what a broken connection brought is not fetched again", async () => {
  await using trial = await hubTrial();
  atFirst(trial, 5, isWeights, { cutAfter: 3_000 });
  await expectArrival(trial);
  const sent = trial.hub.requestsFor("model.safetensors").reduce((sum, request) => sum + request.sent, 0);
  expect(sent).toBe(weightsOf(trial));
});

test("Retry-After is waited for", async () => {
  await using trial = await hubTrial();
  const at: number[] = [];
  trial.hub.misbehave = (request) => {
    if (!isWeights(request)) return undefined;
    at.push(performance.now());
    return at.length === 1 ? { status: 429, headers: { "retry-after": "1" } } : undefined;
  };
  await expectArrival(trial);
  expect(at[1]! - at[0]!).toBeGreaterThan(990);
});

describe("a download ends with", () => {
  test.each<[string, string, (request: SeenRequest) => boolean, Misbehaviour, RegExp]>([
    [
      "hub/unavailable",
      "a hub that stays away",
      () => true,
      { status: 503 },
      /answered 503, 4 times in a row/,
    ],
    ["hub/unavailable", "a storage server that always cuts", isWeights, { cutAfter: 10 }, /4 times in a row/],
    [
      "hub/unavailable",
      "a wait beyond reason",
      () => true,
      { status: 429, headers: { "retry-after": "86400" } },
      /asks to wait 86400 s/,
    ],
    [
      "hub/unavailable",
      "a server without ranges that always cuts",
      isWeights,
      { ignoreRange: true, cutAfter: 900 },
      /4 times in a row/,
    ],
    ["hub/malformed", "a hub that is a web page", () => true, { json: "<html>" }, /names no commit/],
    ["hub/malformed", "a status that means nothing here", () => true, { status: 418 }, /answered 418/],
    [
      "hub/malformed",
      "another range than was asked for",
      isWeights,
      { headers: { "content-range": "bytes 7-9/37152" } },
      /answers bytes 7-9/,
    ],
    [
      "hub/malformed",
      "several ranges at once",
      isWeights,
      { headers: { "content-range": "", "content-type": "multipart/byteranges; boundary=x" } },
      /to a range of model.safetensors/,
    ],
    [
      "hub/corrupt",
      "another length than announced",
      isWeights,
      { content: new Uint8Array(500) },
      /500 bytes/,
    ],
    [
      "hub/corrupt",
      "another length where ranges are ignored",
      isWeights,
      { content: new Uint8Array(500), ignoreRange: true },
      /500 bytes/,
    ],
  ])("%s for %s", async (code, _, which, how, words) => {
    await using trial = await hubTrial();
    trial.hub.misbehave = (request) => (which(request) ? how : undefined);
    const rejected = { code, message: expect.stringMatching(words) as string };
    await expect(trial.download()).rejects.toMatchObject(rejected);
  });

  test("hub/corrupt for a checksum that is wrong twice, naming the file", async () => {
    await using trial = await hubTrial();
    const content = new Uint8Array(weightsOf(trial));
    trial.hub.misbehave = (request) => (afterHeader(request) ? { content } : undefined);
    await expect(trial.download()).rejects.toMatchObject({
      code: "hub/corrupt",
      facts: { file: "model.safetensors" },
    });
  });

  test("hub/corrupt for a small file that is not the one of the commit", async () => {
    await using trial = await hubTrial();
    trial.hub.misbehave = ({ file, path }) =>
      file === "config.json" && path.includes("resolve-cache")
        ? { content: new Uint8Array(announcedBytes(trial, "config.json")) }
        : undefined;
    await expect(trial.download()).rejects.toMatchObject({
      code: "hub/corrupt",
      facts: { file: "config.json" },
    });
  });

  test("hub/unavailable after the time that a download may take", async () => {
    await using trial = await hubTrial();
    trial.hub.misbehave = (request) =>
      isWeights(request) ? { pace: { bytes: 100, milliseconds: 20 } } : undefined;
    await expect(trial.download({}, { limits: { totalSeconds: 0.5 } })).rejects.toMatchObject({
      code: "hub/unavailable",
      message: expect.stringContaining("took longer") as string,
    });
  });

  test("request/too-large for a file beyond the limit, before it is fetched", async () => {
    await using trial = await hubTrial();
    await expect(trial.download({}, { limits: { fileBytes: 1000 } })).rejects.toMatchObject({
      code: "request/too-large",
      facts: { file: "model.safetensors" },
    });
    expect(trial.hub.requestsFor("model.safetensors")).toEqual([]);
  });

  test("hub/unavailable for a hub that never says a word", async () => {
    await using trial = await hubTrial();
    trial.hub.misbehave = () => ({ silent: true });
    await expect(
      trial.download({}, { limits: { silenceSeconds: 0.2, firstFaults: 1 } }),
    ).rejects.toMatchObject({
      code: "hub/unavailable",
      message: expect.stringContaining("does not answer") as string,
    });
  });

  test.each([
    ["of a small file", { smallFileBytes: 50 }, { file: "config.json" }],
    ["of the number of weights", { weightFiles: 0 }, {}],
  ])("request/too-large for the limit %s", async (_, limits, facts) => {
    await using trial = await hubTrial();
    await expect(trial.download({}, { limits })).rejects.toMatchObject({
      code: "request/too-large",
      facts,
    });
  });

  test("hub/unavailable soon where the weights cannot be had at all, late once they have begun", async () => {
    await using trial = await hubTrial();
    const limits = { firstFaults: 1, faults: 6 };
    const refused = () => trial.hub.requests.filter(isWeights).length;
    trial.hub.misbehave = (request) => (isWeights(request) ? { status: 503 } : undefined);
    await expect(trial.download({}, { limits })).rejects.toMatchObject({ code: "hub/unavailable" });
    expect(refused()).toBeLessThanOrEqual(2 * 4);
    trial.hub.requests.length = 0;
    await expect(trial.download({}, { limits })).rejects.toMatchObject({
      code: "hub/unavailable",
      message: expect.stringContaining("7 times in a row") as string,
    });
  });

  test("its own abort, soon", async () => {
    await using trial = await hubTrial();
    trial.hub.misbehave = (request) => (isWeights(request) ? { silent: true } : undefined);
    const stop = new AbortController();
    const download = trial.download({}, { signal: stop.signal, limits: { silenceSeconds: 60 } });
    setTimeout(() => stop.abort(), 200);
    await expect(download).rejects.toMatchObject({ name: "AbortError" });
  });
});

const announcedBytes = (trial: HubTrial, file: string): number => trial.hub.bytesOf("org/tiny", file);
const weightsOf = (trial: HubTrial): number => announcedBytes(trial, "model.safetensors");
