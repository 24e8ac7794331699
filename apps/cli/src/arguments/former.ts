/** What an option that a command no longer has is called now, with the value that was given. */
type Renamed = (value: string) => string;

const set =
  (path: string): Renamed =>
  (value) =>
    `--set ${path}=${value}`;
const inside =
  (name: string): Renamed =>
  (value) =>
    `--set ${name}.${value}`;
const layers: Renamed = (value) => (value.endsWith("%") ? `--drop ${value}` : `--keep ${value}`);

const user: Renamed = (value) => `--user ${value}`;
const lists = ["run", "experiment", "array", "schedule", "model", "dataset"];

const training = { train: inside("training"), search: inside("search") };
/** Options that had other names, by command: settings are `--set` and layers `--keep` or `--drop` everywhere. */
const former: Readonly<Record<string, Readonly<Record<string, Renamed>>>> = {
  prune: { layers },
  embed: { layers },
  "run submit": { layers },
  "model import": { layers },
  l3prune: {
    batches: set("batches"),
    batch: set("batchSize"),
    scale: set("scale"),
    sampling: set("sampling"),
    seed: set("seed"),
  },
  "experiment submit": training,
  ...Object.fromEntries(lists.map((noun) => [`${noun} list`, { "created-by": user }])),
  "webhook add": { "created-by": user },
  "webhook set": { "created-by": user },
  demo: { ...training, steps: set("training.steps"), batch: set("training.batchSize") },
};

/** What to write instead of an option of former releases; undefined for a name that never was one. */
export function renamedOption(command: string, args: readonly string[]): string | undefined {
  for (const [i, arg] of args.entries()) {
    if (arg === "--") return undefined;
    const [, name = "", value = args[i + 1] ?? "VALUE"] = /^--([a-z-]+)(?:=(.*))?$/s.exec(arg) ?? [];
    const renamed = Object.hasOwn(former, command) && Object.hasOwn(former[command]!, name);
    if (renamed) return `--${name} has another name: write ${former[command]![name]!(value)}`;
  }
  return undefined;
}
