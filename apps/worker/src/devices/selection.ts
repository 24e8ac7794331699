import { noEngine, Problem, type Device, type DeviceKind } from "@espalier/contract";

/** A device of this host that a worker could offer. */
export type Candidate = Pick<Device, "address" | "identity" | "kind" | "name" | "software"> & {
  /** UUID of the card behind it, which other candidates may share. */
  card?: string;
};

export interface SelectionOptions {
  /** ESPALIER_DEVICES: `all`, or a list such as `cpu,cuda:0,cuda:GPU-…,vulkan:0`; `cuda` is all CUDA devices. */
  wanted: string;
  /** ESPALIER_ENGINE; default: the best one for each device. */
  engine?: string;
  /** Those that are installed here and compute on a kind of device, the best first. */
  enginesFor: (kind: DeviceKind) => readonly string[];
}

const wrong = (detail: string): Problem =>
  new Problem("request/invalid", detail, { field: "ESPALIER_DEVICES" });

/**
 * The candidates that a worker offers, with the engine that computes on each. `all` leaves out what the processor emulates, and
 * the second way to a card that is offered already. A card that no installed engine computes on is shown with the engine
 * `none`, unless an engine is named. What is named is taken at its word.
 * @throws {Problem} `request/invalid` when nothing is left, or what is named is not there
 */
export function selectDevices<C extends Candidate>(
  candidates: readonly C[],
  { wanted, engine, enginesFor }: SelectionOptions,
): (C & { engine: string })[] {
  const list = `there is: ${candidates.map(({ address, name }) => `${address} (${name})`).join(", ") || "nothing"}`;
  if (wanted.trim() === "all") {
    const offered = candidates
      .filter(({ software }) => !software)
      .flatMap((candidate) => {
        const [best] = enginesFor(candidate.kind).filter((name) => engine === undefined || name === engine);
        if (best === undefined && engine !== undefined) return [];
        return [{ ...candidate, engine: best ?? noEngine }];
      });
    const ways = (card: string) => offered.filter((each) => each.card === card);
    const first = (card: string) =>
      ways(card).find((each) => each.kind === "cuda" && each.engine !== noEngine) ??
      ways(card).find((each) => each.engine !== noEngine) ??
      ways(card)[0];
    const left = offered.filter((each) => each.card === undefined || each.kind === first(each.card)!.kind);
    if (left.length > 0) return left;
    throw wrong(`No device here is one that ${engine ?? "an engine of this worker"} computes on; ${list}.`);
  }
  const chosen: (C & { engine: string })[] = [];
  for (const name of wanted.split(",").map((each) => each.trim())) {
    const named = candidates.filter((candidate) => isNamed(candidate, name));
    if (named.length === 0) throw wrong(`ESPALIER_DEVICES names "${name}"; ${list}.`);
    for (const candidate of named) {
      if (chosen.some(({ identity }) => identity === candidate.identity)) continue;
      const best = engine ?? enginesFor(candidate.kind)[0];
      if (best === undefined)
        throw wrong(
          `ESPALIER_DEVICES names ${candidate.address}, and no engine of this worker computes on it. ` +
            "Name an engine as ESPALIER_ENGINE to offer it nevertheless.",
        );
      const twin = chosen.find(
        ({ kind, card }) => card !== undefined && card === candidate.card && kind !== candidate.kind,
      );
      if (twin) throw wrong(`${twin.address} and ${candidate.address} are the same card; name one of them.`);
      chosen.push({ ...candidate, engine: best });
    }
  }
  return chosen;
}

/** `cuda`, `cuda:0` with its partitions, `cuda:0:1`, or an identity. */
function isNamed({ address, identity, kind }: Candidate, name: string): boolean {
  const wanted = name.toLowerCase();
  return (
    (wanted === "cuda" && kind === "cuda") ||
    address === wanted ||
    address.startsWith(`${wanted}:`) ||
    identity.toLowerCase() === wanted
  );
}

/**
 * Whether CUDA_VISIBLE_DEVICES of the worker itself leaves a device visible: numbers, in the order of the bus, or UUIDs;
 * what comes after an entry that does not exist is hidden (CUDA C++ Programming Guide, environment variables).
 */
export function visibleCards(
  visible: string | undefined,
  known: readonly { index: number; uuid: string }[],
): Set<string> {
  if (visible === undefined) return new Set(known.map(({ uuid }) => uuid));
  const seen = new Set<string>();
  for (const entry of visible.split(",").map((each) => each.trim())) {
    const card = /^\d+$/.test(entry)
      ? known.find(({ index }) => index === Number(entry))
      : known.find(({ uuid }) => entry !== "" && uuid.toLowerCase().startsWith(entry.toLowerCase()));
    if (!card) break;
    seen.add(card.uuid);
  }
  return seen;
}
