import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { demoModel, demoTriplets, espalier } from "../../apps/cli/src/testing/espalier.ts";
import { noVolume, Volume } from "../chaos/mount.ts";

let folder: string;
let volume: Volume | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "espalier-full-disk-"));
  if (noVolume) return;
  volume = new Volume(join(folder, "volume"), 1);
  await volume.fill();
});
afterAll(async () => {
  volume?.[Symbol.dispose]();
  await rm(folder, { recursive: true });
});

const small = ["--set", "steps=1", "--set", "batchSize=2", "--max-length", "8"];

test.for([
  ["prune", demoModel, "OUT", "--keep", "2"],
  ["embed", demoModel, "text", "--out", "OUT"],
  ["export", `${demoModel}/`, "--out", "OUT"],
  ["train", demoModel, "--triplets", demoTriplets, ...small, "--out", "OUT"],
])(
  "%s says that the disk is full on which it was to write, and leaves nothing there",
  async (args, { skip }) => {
    skip(volume === undefined, noVolume);
    const out = join(volume!.folder, "out");
    const { code, err } = await espalier([...args.map((word) => (word === "OUT" ? out : word)), "--json"]);
    expect({ exit: code, ...(JSON.parse(err.trim().split("\n").at(-1)!) as object) }).toEqual({
      exit: 1,
      code: "local/disk-full",
      message: `The disk of ${out} is full.`,
      hint: "free some space, or choose another place, and repeat the command",
    });
    expect(await readdir(volume!.folder)).toEqual([".filler"]);
  },
);
