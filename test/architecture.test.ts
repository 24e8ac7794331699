import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { problems } from "@espalier/contract";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");

/** Which of our packages each one may import. */
const layers: Record<string, string[]> = {
  contract: [],
  tensor: [],
  scheduler: ["contract"],
  evaluation: ["contract"],
  model: ["contract"],
  process: ["contract"],
  store: ["contract", "scheduler"],
  queue: ["contract"],
  onnx: ["tensor"],
  engine: ["contract", "onnx", "tensor"],
  encoder: ["contract", "engine", "model", "tensor"],
  api: ["contract", "evaluation", "scheduler", "model", "process", "store", "queue"],
  worker: ["contract", "model", "process", "store", "queue", "encoder", "engine", "compute"],
  compute: ["contract", "model", "process", "tensor", "onnx", "encoder", "engine", "evaluation"],
  cli: ["contract", "model", "process", "store", "queue", "compute"],
  dashboard: ["contract"],
};

/** Heavy dependencies, and the one package that may know them. */
const owners: [RegExp, string][] = [
  [/^(@prisma\/.*|prisma|@aws-sdk\/.*)$/, "store"],
  [/^(bullmq|ioredis)$/, "queue"],
  [/^(onnxruntime-.*|@tensorflow\/.*)$/, "engine"],
  [/^(@huggingface\/.*|undici)$/, "model"],
];

/** Tables of rules, which are read by looking up and not from top to bottom. */
const ruleTables: string[] = [];

const unseen = new Set([
  "node_modules",
  ".engines",
  "dist",
  "generated",
  ".git",
  ".tsbuild",
  ".espalier",
  ".venv",
]);
const walk = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (unseen.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return walk(path);
    return entry.isFile() ? [relative(root, path)] : [];
  });
const files = walk(root);
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const code = files.filter((file) => /\.(ts|tsx|mjs)$/.test(file));
const isTest = (file: string): boolean => /^test\/|\/testing\/|\.test\.ts$/.test(file);
const product = code.filter((file) => /^(apps|packages)\//.test(file) && !isTest(file));
const packageOf = (file: string): string => file.split("/")[1];
const importing =
  /(?:^|\n)\s*(?:import|export)\s(?:[^;"'=]*?\sfrom\s)?\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']/g;
const specifiers = (file: string): string[] =>
  [...read(file).matchAll(importing)].map((match) => match[1] ?? match[2]);
/** What is imported as a value from one package. */
const valuesFrom = (file: string, name: string): string[] =>
  [...read(file).matchAll(/(?:^|\n)\s*import\s+(?!type\b)([^;"']*?)\sfrom\s*["']([^"']+)["']/g)]
    .filter(([, names, from]) => from === name && /(?:^|[{,])\s*(?!type\b|[{},\s]|$)\w+/.test(names))
    .map(([, names]) => names);
const nameOf = (specifier: string): string =>
  specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");

interface Manifest {
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}
const manifests = files
  .filter((file) => /^((apps|packages)\/[^/]+\/)?package\.json$/.test(file))
  .map((file) => ({ file, manifest: JSON.parse(read(file)) as Manifest }));

describe("layers", () => {
  test("the dashboard takes the schemas' types alone, as a browser would load all of them for one value", () => {
    const found = product
      .filter((file) => packageOf(file) === "dashboard")
      .filter((file) => valuesFrom(file, "@espalier/contract").length > 0);
    expect(found).toEqual([]);
  });

  test("a package imports only the packages below it", () => {
    const wrong = product.flatMap((file) =>
      specifiers(file)
        .filter((specifier) => specifier.startsWith("@espalier/"))
        .filter((specifier) => !layers[packageOf(file)]?.includes(specifier.split("/")[1]))
        .map((specifier) => `${file} imports ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });

  test("a manifest names only the packages below its own", () => {
    const wrong = manifests.flatMap(({ file, manifest }) =>
      Object.keys(manifest.dependencies ?? {})
        .filter((name) => name.startsWith("@espalier/"))
        .filter((name) => !layers[packageOf(file)]?.includes(name.slice("@espalier/".length)))
        .map((name) => `${file} names ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  test("a relative import stays inside its package", () => {
    const wrong = product.flatMap((file) =>
      specifiers(file)
        .filter((specifier) => specifier.startsWith("."))
        .map((specifier) => relative(root, resolve(root, dirname(file), specifier)))
        .filter((target) => !target.startsWith(file.split("/").slice(0, 2).join("/") + "/"))
        .map((target) => `${file} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test("each heavy dependency is known to one package", () => {
    const wrong = product.flatMap((file) =>
      specifiers(file)
        .filter((specifier) =>
          owners.some(([name, owner]) => name.test(nameOf(specifier)) && owner !== packageOf(file)),
        )
        .map((specifier) => `${file} imports ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });

  test("only store, and queue for BullMQ, connect to PostgreSQL", () => {
    const wrong = product.filter((file) => specifiers(file).some((specifier) => nameOf(specifier) === "pg"));
    expect(wrong.filter((file) => !["store", "queue"].includes(packageOf(file)))).toEqual([]);
  });

  test("contract, tensor and scheduler import nothing that a browser lacks", () => {
    const pure = product.filter((file) => ["contract", "tensor", "scheduler"].includes(packageOf(file)));
    expect(pure.flatMap(specifiers).filter((specifier) => specifier.startsWith("node:"))).toEqual([]);
  });
});

test("files are small: median at most 120 lines, 95 % at most 400, none over 600", () => {
  const sizes = code
    .filter((file) => !ruleTables.includes(file))
    .map((file) => ({ file, lines: read(file).split("\n").length - 1 }))
    .sort((a, b) => a.lines - b.lines);
  const at = (share: number): number => sizes[Math.floor((sizes.length - 1) * share)].lines;
  expect(sizes.filter(({ lines }) => lines > 600)).toEqual([]);
  expect(at(0.5)).toBeLessThanOrEqual(120);
  expect(at(0.95)).toBeLessThanOrEqual(400);
});

test("every dependency is pinned exactly, to one version in the whole repository", () => {
  const versions = new Map<string, Set<string>>();
  for (const { manifest } of manifests)
    for (const list of [manifest.dependencies, manifest.devDependencies, manifest.optionalDependencies])
      for (const [name, version] of Object.entries(list ?? {}))
        versions.set(name, (versions.get(name) ?? new Set()).add(version));
  const foreign = [...versions].filter(([name]) => !name.startsWith("@espalier/"));
  expect(foreign.filter(([, found]) => found.size > 1).map(([name]) => name)).toEqual([]);
  expect(
    foreign.filter(([, found]) => ![...found].every((v) => /^\d+\.\d+\.\d+(-[\w.]+)?$/.test(v))),
  ).toEqual([]);
});

test("every relative link of a page leads to a file or a folder", () => {
  const pages = files.filter((file) => file.endsWith(".md"));
  const links = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => ({ page, target })),
  );
  const isRelative = ({ target }: { target: string }): boolean => !/^([a-z]+:|#)/.test(target);
  const broken = links
    .filter(isRelative)
    .filter(({ page, target }) => !existsSync(resolve(root, dirname(page), target.split("#")[0])));
  expect(broken).toEqual([]);
});

test("every problem is produced by some code of the product", () => {
  const text = product.map(read).join("\n");
  // As a value: not as the key of a table, and not where codes are compared.
  const isProduced = (code: string): boolean => new RegExp(`(?<![=!]== |case )"${code}"(?!:)`).test(text);
  expect(Object.keys(problems).filter((code) => !isProduced(code))).toEqual([]);
});

test("each process puts its store and its queues together in one place", () => {
  const roots = product.filter((file) => /\bopen(Store|DeliveryQueues)\(/.test(read(file)));
  expect(roots.filter((file) => file.startsWith("apps/"))).toEqual([
    "apps/api/src/app.ts",
    "apps/api/src/scheduler/thread/main.ts",
    "apps/worker/src/serve.ts",
  ]);
});

test("the environment is read in config.ts and main.ts only", () => {
  const readers = product.filter((file) => read(file).includes("process.env"));
  expect(readers.filter((file) => !/(^|\/)(config|main)\.ts$/.test(file))).toEqual([]);
});

test("no file names a place on the machine that it was written on", () => {
  const text = files.filter((file) => /\.(ts|tsx|mjs|js|json|md|yml|yaml|sql|prisma|sh)$/.test(file));
  const place = new RegExp(`${root}/|/(home|Users)/[a-z]`);
  expect(text.filter((file) => place.test(read(file)))).toEqual([]);
});
